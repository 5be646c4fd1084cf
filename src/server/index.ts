/** HTTP: one table of routes, one door, and the wire of the contract. It has no rules of its own. */
export { createApp, type App } from "./app.ts";
export { listen, type Listening } from "./listen.ts";
export { readPage } from "./page-files.ts";
export type { Route } from "./route.ts";
