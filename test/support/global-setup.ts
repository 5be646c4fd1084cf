import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startPostgres } from "../../src/demo/postgres-server.ts";

/** The superuser of the PostgreSQL of this test run. */
export interface TestServer {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    postgres: TestServer;
  }
}

/** One real PostgreSQL for the whole run: the one at NIGHTDESK_TEST_PG_URL, else our own, gone afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["NIGHTDESK_TEST_PG_URL"];
  if (given !== undefined && given !== "") {
    const url = new URL(given);
    project.provide("postgres", {
      host: url.hostname,
      port: Number(url.port || 5432),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: url.pathname.slice(1) || "postgres",
    });
    return async () => {};
  }
  const home = await mkdtemp(join(tmpdir(), "nightdesk-test-"));
  const server = await startPostgres({
    home,
    searchPath: process.env["PATH"],
    // Nobody needs these rows after a power cut.
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
    signal: AbortSignal.timeout(120_000),
  });
  const { host, port, user, password, database } = server;
  project.provide("postgres", { host, port, user, password, database });
  return async () => {
    await server.stop();
    await rm(server.folder, { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
  };
}
