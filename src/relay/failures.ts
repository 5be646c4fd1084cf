import { TeamError } from "../model/team.ts";
import type { TeamFailure } from "../model/team.ts";
import {
  ClientError,
  ConflictError,
  DeniedError,
  InvalidRequestError,
  NotFoundError,
  UnreachableError,
} from "../sdk/index.ts";

/** Runs calls of the SDK and turns its errors into the port's; a signal's own reason passes through. */
export async function asTeam<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    throw new TeamError(failureOf(error), `${error.call}: ${error.message}`, { cause: error });
  }
}

function failureOf(error: ClientError): TeamFailure {
  if (error instanceof DeniedError) return "denied";
  if (error instanceof NotFoundError) return "not-found";
  if (error instanceof InvalidRequestError) return "invalid";
  if (error instanceof UnreachableError) return "unreachable";
  if (error instanceof ConflictError) return "conflict";
  // What became of the call is not known.
  return "unknown";
}
