import { codeHeader } from "../contract/index.ts";
import { verdict, verdictText, type Verdict } from "../desk/index.ts";
import { UserError, isNightdeskError } from "../model/errors.ts";
import { BodyEncoded, BodyTooLarge, mostBodyBytes } from "./body.ts";
import { closing, commonHeaders, Misfit, NotRelayed, TooMany, Unauthenticated } from "./errors.ts";

/** Said to whoever has no way to ask for help but the address itself. */
const correctIt = "correct the address and call it again";

/**
 * An answer of the desk as plain text: ASCII, CRLF, never kept, the code in a header too. `afterStop`: a stop was asked
 * for, so that 202 says that it is not over. `text`: for an answer with more in it than the verdict.
 */
export function verdictAnswer(
  verdictGiven: Verdict,
  {
    afterStop = false,
    text = verdictText,
  }: { afterStop?: boolean; text?: (said: Verdict, eol: "\r\n") => string } = {},
): Response {
  const said = asServed(verdictGiven);
  return inWords(said, statusOf(said, afterStop), text(said, "\r\n"));
}

/** UNREACHABLE is said by a client that had no answer; here it is what lies behind that did not answer. */
function asServed(said: Verdict): Verdict {
  if (said.word !== "UNREACHABLE") return said;
  const { word, code, next } = verdict("UNKNOWN", "");
  return { ...said, word, code, next };
}

function statusOf({ word, asOf }: Verdict, afterStop: boolean): number {
  switch (word) {
    case "CLEAR":
    case "REPORTED CLEAR":
      return 200;
    case "RUNNING":
      return afterStop ? 202 : 200;
    case "UNKNOWN":
      // Nothing read: then nothing was asked for either.
      return afterStop && asOf !== null ? 202 : 503;
    case "UNREACHABLE":
      return 503;
    case "DENIED":
      return 403;
    case "USAGE":
      return 400;
  }
}

/** A refusal on the way to the desk, in the words of the desk. `report` gets what the caller is not told. */
export function refusalInWords(
  error: unknown,
  request: { id: string; report: (line: string) => void },
): Response {
  const { said, status } = refused(error, request);
  const answer = inWords(said, status, verdictText(said, "\r\n"));
  // The rest of the body is on its way and nobody will read it; or too many connections are taken.
  return error instanceof BodyTooLarge || error instanceof TooMany ? closing(answer) : answer;
}

/** A 405. */
export function wrongMethodInWords(allowed: string): Response {
  const said = verdict("USAGE", `this address takes ${allowed} only`, { next: correctIt });
  return inWords(said, 405, verdictText(said, "\r\n"));
}

function refused(
  error: unknown,
  request: { id: string; report: (line: string) => void },
): { said: Verdict; status: number } {
  const usage = (reason: string, next = correctIt): { said: Verdict; status: number } => ({
    said: verdict("USAGE", reason, { next }),
    status: 400,
  });
  if (error instanceof Unauthenticated) {
    return { said: verdict("DENIED", "the key is missing, wrong, expired or revoked"), status: 401 };
  }
  if (error instanceof Misfit) {
    const issues = error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join(".")}: ${message}`,
    );
    return usage(issues.join("; "));
  }
  if (error instanceof BodyTooLarge) return usage(`the body has more than ${String(mostBodyBytes)} bytes`);
  if (error instanceof BodyEncoded) return usage("the body came with a Content-Encoding");
  if (error instanceof UserError) {
    switch (error.kind) {
      case "denied":
        return { said: verdict("DENIED", `${error.operation}: ${error.message}`), status: 403 };
      case "not-found":
        return { said: verdict("DENIED", error.message), status: 404 };
      case "invalid":
        return usage(`${error.operation}: ${error.message}`, error.next);
      case "conflict":
        return { said: verdict("UNKNOWN", `not at this moment: ${error.message}`), status: 503 };
    }
  }
  if (error instanceof TooMany) {
    const next = `do not shut down the source; ${error.next}`;
    return { said: verdict("UNKNOWN", error.message, { next }), status: 429 };
  }
  if (error instanceof NotRelayed) return { said: verdict("USAGE", error.message), status: 501 };
  if (isNightdeskError(error)) return { said: verdict("UNKNOWN", error.line), status: 503 };
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  request.report(`request ${request.id}: ${words}`);
  const reason = `a fault of the server; its log has it under ${request.id}`;
  return { said: verdict("UNKNOWN", reason), status: 500 };
}

function inWords({ code }: Verdict, status: number, text: string): Response {
  return new Response(text, {
    status,
    headers: {
      ...commonHeaders,
      "content-type": "text/plain; charset=us-ascii",
      [codeHeader]: String(code),
    },
  });
}
