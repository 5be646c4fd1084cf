import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import { createDatabase } from "./support/postgres.ts";
import {
  makeExtractionJob,
  makePool,
  queryPool,
  startTestServer,
  until,
  type TestServer,
} from "./support/nightdesk.ts";
import { poolPids } from "./support/processes.ts";
import { startServerProcess } from "./support/server-process.ts";

const endless = "select count(*) from range(100000000) a, range(1000000) b";
/** One call of a function, for many minutes: DuckDB looks at an interrupt only between calls. */
const deaf = "select levenshtein(repeat('a', 2000000), repeat('b', 2000000))";
const limitMs = 10 * 60_000;

async function workbenchOf(server: Pick<TestServer, "ok">) {
  const source = await createDatabase("workbench_stop");
  onTestFinished(() => source.end());
  await source.sql("create table t as select 1 as a");
  const pool = await makePool(server, source);
  const { path } = await makeExtractionJob(server, pool, "a", ["t"]);
  const [task] = await server.ok("GET", `${path}/tasks/`);
  const base = `${path}/workbench/${task.id}`;
  // The pool's process is up from here on.
  await queryPool(server, path, "select 1");
  return {
    path,
    /** Starts a statement and returns when it runs in the pool's process. */
    begin: async (home: string, statement: string) => {
      const { id } = await server.ok("POST", `${base}/execute`, { statement });
      const [pid] = await poolPids(home);
      return { pid: pid ?? 0, read: () => server.ok("GET", `${base}/${id}`) };
    },
  };
}

test.each([
  ["that never ends", endless],
  ["that does not let itself be interrupted", deaf],
])("the server stops while a statement %s runs, and its pool process is gone", async (_, statement) => {
  const server = await startTestServer();
  const { begin } = await workbenchOf(server);
  const { pid, read } = await begin(server.home, statement);
  expect((await read()).status).toBe("RUNNING");
  expect(await poolPids(server.home)).toEqual([pid]);
  await server.stop();
  expect(await poolPids(server.home)).toEqual([]);
});

test("a statement ends at its limit, and the pool's process goes on", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  const { begin, path } = await workbenchOf(server);
  const real = AbortSignal.timeout.bind(AbortSignal);
  const spy = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => real(ms === limitMs ? 500 : ms));
  onTestFinished(() => {
    spy.mockRestore();
  });
  const { pid, read } = await begin(server.home, endless);
  const over = await until(async () => {
    const state = await read();
    return state.status === "RUNNING" ? null : state;
  });
  expect(over.error).toMatch(/timeout/);
  spy.mockRestore();
  expect(await queryPool(server, path, "select 42")).toEqual([[42]]);
  expect(await poolPids(server.home)).toEqual([pid]);
});

test.each([
  ["that never ends", endless],
  ["that does not let itself be interrupted", deaf],
])("a pool process with a statement %s does not outlive its server", async (_, statement) => {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-orphan-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const home = join(folder, "home");
  const server = await startServerProcess(home, newKeyText());
  onTestFinished(() => void server.end("SIGKILL"));
  const { begin } = await workbenchOf(server);
  const { pid } = await begin(home, statement);
  expect(pid).toBeGreaterThan(0);
  await server.end("SIGKILL");
  await until(async () => ((await poolPids(home)).length === 0 ? true : null));
});

test("a read right after the pool's process was killed is answered by its successor", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  const { path } = await workbenchOf(server);
  await queryPool(server, path, "create table kept as select 7 as a");
  for (let round = 0; round < 3; round++) {
    const [pid] = await poolPids(server.home);
    process.kill(pid ?? 0, "SIGKILL");
    expect(await queryPool(server, path, "select a from kept")).toEqual([[7]]);
    expect(await poolPids(server.home)).not.toContain(pid);
  }
});
