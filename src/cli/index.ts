/** The command `nightdesk`: commands as data, each loaded only when it is called, each answer with its exit code. */
export { answersForSource, runCli, unknownCode } from "./run-cli.ts";
export { readSecret } from "./secret-prompt.ts";
export type { CliContext } from "./context.ts";
