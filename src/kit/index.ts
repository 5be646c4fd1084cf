/** The kit as text: a run-book and batch files for the night operator, on a PC on which nothing may be installed. */
export { makeKit } from "./kit-files.ts";
export type { Certificate, KitFacts } from "./facts.ts";
export { refuseExisting, writeKit } from "./write-kit.ts";
