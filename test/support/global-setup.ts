import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestProject } from "vitest/node";
import { startPostgres } from "../../src/demo/postgres-server.ts";
import { watchForLeftovers } from "./leftovers.ts";

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

/**
 * One real PostgreSQL for the whole run, and a temporary folder in which all of it happens. At the end a process
 * that a test left behind fails the run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-run-"));
  // PostgreSQL runs as another user where we are root, and needs a way in.
  await chmod(folder, 0o1777);
  process.env["TMPDIR"] = folder;
  const leftovers = watchForLeftovers(folder);
  const endPostgres = await bringUpPostgres(project);
  return async () => {
    await endPostgres();
    const left = await settled(leftovers);
    await rm(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    // The runner prints what a teardown throws, and would still end with 0.
    process.exitCode = 1;
    throw new Error(`the tests left processes behind:\n${left.join("\n")}`);
  };
}

/** A process that was told to end, or lost its server, takes some seconds, and so do the runner's own. */
async function settled(leftovers: () => string[]): Promise<string[]> {
  for (let look = 1; look < 300 && leftovers().length > 0; look += 1) await sleep(100);
  return leftovers();
}

/** The one at NIGHTDESK_TEST_PG_URL, else our own. Returns what ends it. */
async function bringUpPostgres(project: TestProject): Promise<() => Promise<void>> {
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
  };
}
