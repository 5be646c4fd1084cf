/**
 * Errors by recovery: the class says what the caller can do. None holds the key.
 * An aborted `signal` is not among them: a call rejects with the signal's own reason.
 */
export abstract class ClientError extends Error {
  /** Method and path, e.g. `POST /integration/api/pools/...`; never the query, never the key. */
  readonly call: string;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;

  constructor(message: string, facts: { call: string; status: number | null; cause?: unknown }) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.call = facts.call;
    this.status = facts.status;
  }
}

/** 401, 403: another key is needed. */
export class DeniedError extends ClientError {}

/** 404: it does not exist, or is not for this key. */
export class NotFoundError extends ClientError {}

/** 400, 405, 413, 415, 422, and what cannot be sent at all: the call itself is wrong; nothing was changed. */
export class InvalidRequestError extends ClientError {}

/** 409: not at this moment, e.g. the job runs already. */
export class ConflictError extends ClientError {}

/**
 * No answer, or not a whole one: network, TLS, time limit. After a call that changes something it is
 * unknown whether it was received: look.
 */
export class UnreachableError extends ClientError {}

/**
 * An answer that means nothing here: a redirect, a login page with 200, JSON that does not parse, 429, 5xx.
 * What became of the call is unknown: look.
 */
export class UnexpectedAnswerError extends ClientError {}
