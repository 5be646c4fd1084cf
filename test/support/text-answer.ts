/** The text endpoints as curl asks them. */
import { expect } from "vitest";
import type { Grant } from "../../src/model/definitions.ts";
import { until, type TestServer } from "./nightdesk.ts";
import type { TestDatabase } from "./postgres.ts";

export interface TextAnswer {
  status: number;
  code: string | null;
  lines: string[];
}

/** Asks as curl would. Whatever is asked, the form of the answer is the same. */
export async function askText(
  server: Pick<TestServer, "url">,
  method: "GET" | "POST" | "PUT",
  path: string,
  { key, body, type }: { key: string | null; body?: string; type?: string },
): Promise<TextAnswer> {
  const headers: Record<string, string> = key === null ? {} : { authorization: `AppKey ${key}` };
  if (type !== undefined) headers["content-type"] = type;
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  // ASCII without a mark of byte order, each line ended by CR and LF, and no other control character.
  expect([...bytes].filter((byte) => byte !== 13 && byte !== 10 && (byte < 0x20 || byte > 0x7e))).toEqual([]);
  const text = bytes.toString("latin1");
  expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  expect(text.endsWith("\r\n")).toBe(true);
  expect(answer.headers.get("content-type")).toBe("text/plain; charset=us-ascii");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const lines = text.split("\r\n").slice(0, -1);
  const code = answer.headers.get("x-nightdesk-code");
  expect(lines[0]).toMatch(/^NIGHTDESK (?:CLEAR|REPORTED CLEAR|RUNNING|UNKNOWN|DENIED|USAGE)$/);
  expect(lines.at(-1)).toMatch(new RegExp(`^CODE ${code ?? "none"} REASON `));
  // Nothing else begins at the margin.
  expect(lines.slice(1, -1).filter((line) => !line.startsWith("  "))).toEqual([]);
  return { status: answer.status, code, lines };
}

export const said = ({ status, code, lines }: TextAnswer): [number, string | undefined, string | null] => [
  status,
  lines[0],
  code,
];
export const last = ({ lines }: TextAnswer): string => lines.at(-1) ?? "";

export async function keyOf(server: Pick<TestServer, "ok">, ...grants: Grant[]): Promise<string> {
  return (await server.ok("POST", "/desk/v1/keys", { name: "night", grants })).key as string;
}

export const sleeping = { tableName: "VBAK", filterDefinition: "pg_sleep(3600) is not null" };

export const execute = async (server: Pick<TestServer, "ok">, { path }: { path: string }): Promise<string> =>
  (await server.ok("POST", `${path}/execute`, { mode: "FULL" })).executionId as string;

/** The process at the source that sleeps for this execution: it waits, and holds no lock of its server. */
export const sleeperOf = (source: TestDatabase, executionId: string): Promise<number> =>
  until(async () => {
    const [session] = await source.sql<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'
        and application_name = $1`,
      [`nd:${executionId}`],
    );
    return session?.pid ?? null;
  });

/** Two small tables at the source. */
export const makeSmallTables = (source: TestDatabase): Promise<unknown> =>
  source.sql(`
    create table "VBAK" (vbeln int primary key); insert into "VBAK" select generate_series(1, 10);
    create table "LIKP" (vbeln int primary key); insert into "LIKP" select generate_series(1, 10);
    analyze;
  `);
