/** Looks at a source from outside where there is no driver for it: over HTTP, or by a command of the machine. */
export { commandProbe } from "./command.ts";
export { httpProbe } from "./http.ts";
export type { Expected } from "./http.ts";
