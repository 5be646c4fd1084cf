import { FatalSourceError, RetryableSourceError, type ErrorFacts } from "../../model/errors.ts";
import type { SourceAccess } from "../../model/source.ts";
import { TimeLimitError } from "./bounded.ts";

/** The connection as messages name it. */
export function placeOf({ name, configuration }: SourceAccess): string {
  return `"${name}" at ${configuration.host}:${String(configuration.port)}`;
}

/**
 * Text that came from outside (driver, server, resolver) with the password blotted out, also where it was
 * put into a URL. Our own words are never passed through it: a blot in them would show what the password is.
 */
export function withoutPassword(text: string, password: string): string {
  if (password === "") return text;
  return text.replaceAll(password, "***").replaceAll(encodeURIComponent(password), "***");
}

/** Name of the failure: SQLSTATE of the server, or Node's word for a socket or TLS failure; "" if it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

export function messageOf(error: unknown): string {
  // A name of several addresses, none of which let us in: Node's own message is empty then.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** SQLSTATE classes that pass by themselves: connection, resources, operator intervention, conflicts of standbys. */
const passing = /^(08|53|57|40|55P03|58)/;

/** True for an answer that may be another one when asked again. */
export function isPassing(code: string): boolean {
  return code === "" || passing.test(code) || /^(E[A-Z]{4,}|EPIPE)$/.test(code);
}

/** An error of a statement that was sent, in the server's words. */
export function statementError(
  error: unknown,
  access: SourceAccess,
  { operation, subject, next }: { operation: string; subject: string; next: string },
): FatalSourceError | RetryableSourceError {
  const code = codeOf(error);
  const said = withoutPassword(messageOf(error), access.password);
  const message = `${subject}: ${said}${code === "" ? "" : ` (${code})`}`;
  const facts: ErrorFacts = { operation, place: placeOf(access) };
  // 08P01 is of the class of connections, but to a statement it says that its parameters are not there.
  if (isPassing(code) && code !== "08P01") {
    return new RetryableSourceError(message, { ...facts, next: "look at the source and run the job again" });
  }
  return new FatalSourceError(message, { ...facts, next: nextForValue[code] ?? next });
}

/** By SQLSTATE: the source has a value that it cannot give in the encoding or type that is asked for. */
const notInUtf8 = "repair the text at the source, or leave its column out";
const noSuchNumber =
  "repair the value at the source, or give its column another preferredType: VARCHAR takes any";
const nextForValue: Readonly<Record<string, string>> = {
  "22021": notInUtf8,
  "22P05": notInUtf8,
  "22003": noSuchNumber,
  "22P02": noSuchNumber,
};

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ALTNAME|^ERR_(SSL|TLS)|^EPROTO$|SSL connection/;

/** Why a connection did not come about: what, where, next step; never the password. */
export function connectError(
  error: unknown,
  access: SourceAccess,
  noSession: boolean,
): FatalSourceError | RetryableSourceError {
  const { host, database, user, ssl } = access.configuration;
  const code = codeOf(error);
  const said = withoutPassword(messageOf(error), access.password);
  const timedOut = error instanceof TimeLimitError;
  const facts = { operation: "connect to the source", place: placeOf(access), noSession, timedOut };
  const fatal = (message: string, next: string): FatalSourceError =>
    new FatalSourceError(message, { ...facts, next });
  const retryable = (message: string, next: string): RetryableSourceError =>
    new RetryableSourceError(message, { ...facts, next });

  if (code === "28P01" || said.startsWith("SASL:")) {
    return fatal(
      `the password of user "${user}" was not accepted`,
      "set user and password of the connection again",
    );
  }
  if (code === "28000") return fatal(`${said} (28000)`, "let this user in from this machine (pg_hba.conf)");
  if (code === "3D000")
    return fatal(`there is no database "${database}"`, "correct the database of the connection");
  if (code === "42501") return fatal(`${said} (42501)`, `grant CONNECT on the database to "${user}"`);
  if (code.startsWith("53")) {
    return retryable(`${said} (${code})`, "free sessions at the source or raise its limit, and try again");
  }
  if (code === "57P03") return retryable(`${said} (57P03)`, "wait until the source is up and try again");
  if (code === "ECONNREFUSED") {
    return retryable(
      "nothing accepts connections there",
      "check host and port, and that PostgreSQL is running",
    );
  }
  if (code === "ENOTFOUND")
    return fatal(`the host name "${host}" is not known`, "correct the host of the connection");
  if (code === "EAI_AGAIN")
    return retryable(`the name "${host}" cannot be looked up now`, "check DNS and try again");
  if (untrusted.test(code) || untrusted.test(said)) {
    return fatal(
      `TLS (mode ${ssl.mode}) failed: ${said}`,
      "check the TLS mode and the CA certificate of the connection",
    );
  }
  if (isPassing(code)) return retryable(said, "check host, port and the network, and try again");
  return fatal(`${said} (${code})`, "check the settings of the connection");
}
