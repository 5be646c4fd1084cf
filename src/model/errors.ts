/**
 * Errors by recovery: what the caller can do decides the class, not where it arose.
 * Each names the operation, the place and the next step, and never a secret.
 */
export interface ErrorFacts {
  /** What was attempted, e.g. `connect to the source`. */
  operation: string;
  /** Where, e.g. `"SAP ECC" at db.example:5432`. */
  place?: string;
  /** What the reader does now. */
  next?: string;
  /** Of a connect: true when it is certain that no session came about, so that there is nothing to look for. */
  noSession?: boolean;
  /** Of a connect: true when it was given up because its time was over. */
  timedOut?: boolean;
  /** A name of the contract's ExecutionMessageCode list, where clients know one for this; else one of ours. */
  code?: string;
  cause?: unknown;
}

abstract class NightdeskError extends Error {
  readonly operation: string;
  readonly place: string | undefined;
  readonly next: string | undefined;
  readonly noSession: boolean;
  readonly timedOut: boolean;
  readonly code: string | undefined;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.operation = facts.operation;
    this.place = facts.place;
    this.next = facts.next;
    this.noSession = facts.noSession ?? false;
    this.timedOut = facts.timedOut ?? false;
    this.code = facts.code;
  }

  /** One line: operation, place, what happened, next step. */
  get line(): string {
    const place = this.place === undefined ? "" : ` (${this.place})`;
    const what = `${this.operation}${place}: ${this.message}`.trimEnd();
    const stop = /[.!?]$/.test(what) ? "" : ".";
    return `${what}${this.next === undefined ? "" : `${stop} Next: ${this.next}`}`.replace(
      /\s*[\r\n]+\s*/g,
      " ",
    );
  }
}

/** The source may answer if asked again: network, restart, too many sessions. */
export class RetryableSourceError extends NightdeskError {}

/** The source answered, and asking again gives the same: wrong password, missing table. */
export class FatalSourceError extends NightdeskError {}

/** The work was stopped on purpose; the reason is data (see StopReason). */
export class StoppedError extends NightdeskError {}

/** The server cannot do it now, and did not: its own disk or state is in the way. */
export class UnavailableError extends NightdeskError {}

/** What went wrong with a request, in the words of HTTP but without HTTP. */
export type UserErrorKind = "invalid" | "not-found" | "conflict" | "denied";

/** The input or the moment is wrong; nothing was changed. */
export class UserError extends NightdeskError {
  readonly kind: UserErrorKind;
  /** The attribute of the input that is wrong, where there is one. */
  readonly attribute: string | undefined;

  constructor(kind: UserErrorKind, message: string, facts: ErrorFacts & { attribute?: string }) {
    super(message, facts);
    this.kind = kind;
    this.attribute = facts.attribute;
  }
}

export type AnyNightdeskError = NightdeskError;

export function isNightdeskError(error: unknown): error is AnyNightdeskError {
  return error instanceof NightdeskError;
}

/** One line for a log or an answer, for our errors and any other. Callers keep secrets out of causes. */
export function errorLine(error: unknown): string {
  if (isNightdeskError(error)) return error.line;
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*[\r\n]+\s*/g, " ");
}
