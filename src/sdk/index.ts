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
export type { NewTableExtraction } from "./extractions.ts";
export type { CancelAnswer } from "./jobs.ts";
