/** What a pool's tables hold, told so that it can be compared with the source. */
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { queryPool, type TestServer } from "./nightdesk.ts";
import type { TestDatabase } from "./postgres.ts";

/** Rows and a checksum of a table, written the same in the pool and at the source. */
export type Content = string;

/** The statement that gives a table's content on either side; its columns are belnr, version and sgtxt. */
const contentQuery = (table: string): string =>
  `select count(*)::varchar || ' ' || coalesce(md5(string_agg(concat_ws('|', belnr::varchar, version::varchar, md5(sgtxt)), ',' order by belnr)), '') as content from "${table}"`;

export async function contentInPool(
  server: Pick<TestServer, "ok">,
  path: string,
  table: string,
): Promise<Content> {
  const [row] = await queryPool(server, path, contentQuery(table));
  return String(row?.[0]);
}

export async function contentAtSource(source: Pick<TestDatabase, "sql">, table: string): Promise<Content> {
  const [row] = await source.sql<{ content: string }>(contentQuery(table));
  return row?.content ?? "";
}

/** Names of staging tables, read from a copy of the pool's file: its own process shows them to nobody. */
export async function stagingIn(folder: string): Promise<unknown[]> {
  const copy = await mkdtemp(join(tmpdir(), "nightdesk-look-"));
  try {
    const files = (await readdir(folder)).filter((name) => name.startsWith("pool.duckdb"));
    for (const name of files) await copyFile(join(folder, name), join(copy, name));
    const instance = await DuckDBInstance.create(join(copy, "pool.duckdb"));
    try {
      const connection = await instance.connect();
      const read = await connection.runAndReadAll("select table_name from duckdb_tables() order by 1");
      const names = read.getRows().map(([name]) => String(name));
      // Else it would see nothing of ours at all.
      if (!names.includes("commits")) throw new Error(`this is not the file of a pool: ${names.join(", ")}`);
      return names.filter((name) => name.startsWith("_nd_staging_"));
    } finally {
      instance.closeSync();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
