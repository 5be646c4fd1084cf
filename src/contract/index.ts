/** The wire as plain types and constants: what servers answer and clients read. No dependency. */
export * from "./audit.ts";
export * from "./desk.ts";
export * from "./enums.ts";
export * from "./errors.ts";
export * from "./executions.ts";
export * from "./keys.ts";
export * from "./night.ts";
export * from "./paths.ts";
export * from "./relayed-receipt.ts";
export * from "./remote-teams.ts";
export * from "./transports.ts";
