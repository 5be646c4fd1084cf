import { expect, test } from "vitest";
import { FatalSourceError, RetryableSourceError, errorLine } from "../../model/errors.ts";
import type { SourceAccess } from "../../model/source.ts";
import { connectError, statementError, withoutPassword } from "./errors.ts";

const password = "CANARY-p@s/?#%: w";
const access: SourceAccess = {
  name: "SAP ECC",
  password,
  configuration: {
    host: "db.example",
    port: 5433,
    database: "ecc",
    user: "reader",
    ssl: { mode: "require" },
  },
};

function failure(code: string, message = "it did not work"): Error {
  return Object.assign(new Error(message), { code });
}

test.each([
  ["28P01", FatalSourceError, 'the password of user "reader" was not accepted'],
  ["28000", FatalSourceError, "pg_hba.conf"],
  ["3D000", FatalSourceError, 'there is no database "ecc"'],
  ["53300", RetryableSourceError, "free sessions at the source"],
  ["57P03", RetryableSourceError, "wait until the source is up"],
  ["ECONNREFUSED", RetryableSourceError, "nothing accepts connections there"],
  ["ECONNRESET", RetryableSourceError, "check host, port and the network"],
  ["ENOTFOUND", FatalSourceError, 'the host name "db.example" is not known'],
  ["EAI_AGAIN", RetryableSourceError, "check DNS"],
  ["CERT_HAS_EXPIRED", FatalSourceError, "TLS (mode require) failed"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", FatalSourceError, "TLS (mode require) failed"],
  ["XX000", FatalSourceError, "check the settings of the connection"],
])("%s: class, place and next step in one line", (code, kind, text) => {
  const error = connectError(failure(code, `two\nlines with ${password}`), access, true);
  expect(error).toBeInstanceOf(kind);
  expect(error.line).toContain('connect to the source ("SAP ECC" at db.example:5433)');
  expect(error.line).toContain(text);
  expect(error.line).not.toContain("CANARY");
  expect(error.line).not.toContain("\n");
});

test("a password in a URL is blotted out too, and an empty one changes nothing", () => {
  const url = `postgres://reader:${encodeURIComponent(password)}@db.example and ${password}`;
  expect(withoutPassword(url, password)).toBe("postgres://reader:***@db.example and ***");
  expect(withoutPassword("plain", "")).toBe("plain");
});

test("an error of a statement is fatal unless it passes by itself", () => {
  const about = { operation: "read a table", subject: "public.t", next: "correct it" };
  const wrong = statementError(failure("42703", "column x does not exist"), access, about);
  expect(wrong).toBeInstanceOf(FatalSourceError);
  expect(errorLine(wrong)).toContain("public.t: column x does not exist (42703). Next: correct it");
  expect(statementError(failure("08P01"), access, about)).toBeInstanceOf(FatalSourceError);
  for (const code of ["57P01", "08006", "40001", "53200", "ECONNRESET"]) {
    expect(statementError(failure(code), access, about)).toBeInstanceOf(RetryableSourceError);
  }
  expect(statementError(new Error("Connection terminated unexpectedly"), access, about)).toBeInstanceOf(
    RetryableSourceError,
  );
});

test("a name of several addresses that none of them answers: each with its own words", () => {
  const tried = ["connect EHOSTUNREACH 192.0.2.1:5433", "connect EACCES 2001:db8::1:5433"];
  const all = new AggregateError(tried.map((said) => new Error(said)));
  const error = connectError(Object.assign(all, { code: "EHOSTUNREACH" }), access, true);
  expect(error).toBeInstanceOf(RetryableSourceError);
  expect(errorLine(error)).toContain(tried.join("; "));
});
