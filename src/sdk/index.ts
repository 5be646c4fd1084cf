/** The client of the wire: no dependency, one fetch-like function in, plain objects out. */
export { createClient } from "./client.ts";
export type { Client, ClientOptions } from "./client.ts";
export {
  ClientError,
  ConflictError,
  DeniedError,
  InvalidRequestError,
  NotFoundError,
  UnexpectedAnswerError,
  UnreachableError,
} from "./errors.ts";
export type { CallOptions, FetchAnswer, FetchInit, FetchLike } from "./request.ts";
export { isEnded } from "./executions.ts";
export type { EndedExecution, EndedStatus, WaitOptions } from "./executions.ts";
export type { NewTableExtraction } from "./extractions.ts";
export type { CancelAnswer, StopOptions } from "./jobs.ts";
export type { LogQuery } from "./logs.ts";
export type * from "../contract/index.ts";
