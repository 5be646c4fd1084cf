import type { z } from "zod";
import type { ErrorTransport, ValidationExceptionDescriptor } from "../contract/index.ts";
import { UserError, isNightdeskError, type AnyNightdeskError } from "../model/errors.ts";
import { TeamError } from "../model/team.ts";
import { BodyEncoded, BodyTooLarge, mostBodyBytes } from "./body.ts";

/** Headers of every answer: nothing here may be kept by anyone on the way. */
export const commonHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** 200 without a body, and the length said: without it the empty body would be sent in chunks. */
export function emptyResponse(headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status: 200,
    headers: { ...commonHeaders, "content-length": "0", ...headers },
  });
}

/** No usable key. `badScheme`: there is an Authorization header, of neither scheme. */
export class Unauthenticated extends Error {
  readonly badScheme: boolean;

  constructor(badScheme: boolean) {
    super("unauthenticated");
    this.badScheme = badScheme;
  }
}

/** The key is good, and not now. */
export class OutOfHours extends UserError {
  constructor(why: string) {
    super("denied", why, { operation: "use the key now" });
  }
}

/** The pool is another team's, and this route does not reach there. */
export class NotRelayed extends Error {
  constructor(team: string) {
    super(
      `The team ${JSON.stringify(team)} has this pool; here its jobs can be seen, stopped and held, and their past runs read. Ask the team itself.`,
    );
  }
}

/** The key has as much open at the server as one key may. */
export class TooMany extends Error {
  /** What its holder does. */
  readonly next = "end what waits by this key, or ask again later; if that is not you, have the key revoked";
}

/** Input that its schema refuses; `where` is "" for the body, else the part of the request. */
export class Misfit extends Error {
  readonly issues: z.core.$ZodIssue[];

  constructor(issues: z.core.$ZodIssue[]) {
    super("misfit");
    this.issues = issues;
  }
}

const badSchemeText =
  'Invalid "Authorization" header format. Should start either with "Bearer " or "AppKey " (case insensitive).';

/** The contract's answer to anything that was thrown. `report` gets what the caller is not told. */
export function answerTo(
  error: unknown,
  request: { id: string; conflictCode: string; report: (line: string) => void },
): Response {
  if (error instanceof Unauthenticated) return unauthenticated(error);
  if (error instanceof Misfit) return validation(error.issues.map(describeIssue));
  if (error instanceof TooMany) {
    const detail = `${error.message}; ${error.next}.`;
    return closing(refusal(request.id, 429, "Too many at once.", detail, "GENERAL_TOO_MANY"));
  }
  if (error instanceof BodyTooLarge) {
    const answer = refusal(
      request.id,
      413,
      "Body too large.",
      `The limit is ${String(mostBodyBytes)} bytes.`,
      "GENERAL_BODY_TOO_LARGE",
    );
    // The rest of the body is on its way and nobody will read it.
    answer.headers.set("connection", "close");
    return answer;
  }
  if (error instanceof BodyEncoded) {
    const detail = "A body is taken as it is, without Content-Encoding.";
    return refusal(request.id, 415, "Body is encoded.", detail, "GENERAL_UNSUPPORTED_ENCODING");
  }
  if (error instanceof NotRelayed) {
    return refusal(request.id, 501, "Not relayed.", error.message, "RELAY_NOT_RELAYED");
  }
  if (error instanceof TeamError) return teamError(error, request);
  if (error instanceof UserError) return userError(error, request);
  if (isNightdeskError(error)) {
    return refusal(request.id, 503, "Not possible now.", error.line, "GENERAL_UNAVAILABLE");
  }
  request.report(
    `request ${request.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  const detail = `The server's log has it under ${request.id}.`;
  return refusal(request.id, 500, "Unexpected error.", detail, "ADMIN_FATAL_ERROR");
}

/** Any error but 400 and 401. */
export function refusal(
  requestId: string,
  status: number,
  title: string,
  detail: string,
  errorCode: string,
): Response {
  const body: ErrorTransport = {
    title,
    status,
    detail,
    errorCode,
    reference: requestId,
    message: detail,
    shortMessage: title,
  };
  return json(status, body);
}

/** Its connection is for others: it ends with the answer. */
export function closing(answer: Response): Response {
  answer.headers.set("connection", "close");
  return answer;
}

/** A 400. */
export function validation(errors: ValidationExceptionDescriptor["errors"]): Response {
  const body: ValidationExceptionDescriptor = { errors };
  return json(400, body);
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...commonHeaders, "content-type": "application/json" },
  });
}

function unauthenticated({ badScheme }: Unauthenticated): Response {
  return badScheme
    ? new Response(badSchemeText, {
        status: 401,
        headers: { ...commonHeaders, "content-type": "text/plain" },
      })
    : new Response('{"error":"Unauthorized"}', {
        status: 401,
        headers: { ...commonHeaders, "content-type": "application/json" },
      });
}

/** What another team did not give; what we refused ourselves is said as everywhere. */
function teamError(error: TeamError, request: { id: string; conflictCode: string }): Response {
  const { cause, failure, message } = error;
  if (cause instanceof UserError) return userError(cause, request);
  switch (failure) {
    case "denied":
      return refusal(request.id, 403, "Access Denied.", message, "ADMIN_ACCESS_ERROR");
    case "unable":
      return refusal(request.id, 501, "Not relayed.", message, "RELAY_NOT_RELAYED");
    case "unreachable":
      return refusal(request.id, 504, "The team does not answer.", message, "RELAY_NO_ANSWER");
    case "not-found":
    case "invalid":
    case "conflict":
    case "unknown":
      return refusal(request.id, 502, "No clear answer of the team.", message, "RELAY_UNCLEAR_ANSWER");
  }
}

function userError(error: UserError, request: { id: string; conflictCode: string }): Response {
  switch (error.kind) {
    case "invalid":
      return validation([
        {
          attribute: error.attribute ?? null,
          error: sentence(error),
          errorCode: "GENERAL_INVALID",
          additionalInfo: error.next ?? null,
        },
      ]);
    case "denied":
      return refusal(request.id, 403, "Access Denied.", sentence(error), "ADMIN_ACCESS_ERROR");
    case "not-found":
      return refusal(request.id, 404, "Not found.", error.line, "GENERAL_NOTFOUND");
    case "conflict":
      return refusal(request.id, 409, "Conflict.", error.line, error.code ?? request.conflictCode);
  }
}

function sentence(error: AnyNightdeskError): string {
  const place = error.place === undefined ? "" : ` (${error.place})`;
  return `${error.operation}${place}: ${error.message}`;
}

function describeIssue(issue: z.core.$ZodIssue): ValidationExceptionDescriptor["errors"][number] {
  return {
    attribute: issue.path.length === 0 ? null : issue.path.join("."),
    error: issue.message,
    errorCode: "GENERAL_PARAMETER_MISSMATCH",
    additionalInfo: null,
  };
}
