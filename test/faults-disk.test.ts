/** No room, no memory, no descriptors: one thing fails with its reason, the server lives, and it recovers by itself. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import { makeGate } from "./support/held-sessions.ts";
import {
  checkScene,
  endOf,
  execute,
  executeToRows,
  loadedJob,
  openScene,
  serverProcess,
  sessionOf,
  statusNow,
  stop,
  type Scene,
} from "./support/night-scene.ts";
import { makeExtractionJob, makePool, until, waitForStatus } from "./support/nightdesk.ts";
import { poolProcesses } from "./support/processes.ts";
import { mayMount, mountSmallDisk, type SmallDisk } from "./support/small-disk.ts";

let folder: string;
let home: string;
let disks: SmallDisk[];
let scene: Scene | null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-full-"));
  home = join(folder, "home");
  disks = [];
  scene = null;
});
afterEach(async () => {
  await scene?.end();
  for (const disk of disks.toReversed()) disk.unmount();
  await rm(folder, { recursive: true, force: true });
});

function mount(place: string, megabytes: number): SmallDisk {
  const disk = mountSmallDisk(place, megabytes);
  disks.push(disk);
  return disk;
}

/** A server in its own process, to be seen alive. */
const open = async (): Promise<Scene & { pid: number }> => {
  const server = await serverProcess(home, newKeyText());
  scene = await openScene("faults_disk", { start: () => Promise.resolve(server) });
  return { ...scene, pid: server.child.pid ?? 0 };
};

test.skipIf(!mayMount())(
  "F8 the pool's disk is full: FAIL that says so, the targets as they were, and with room it works again",
  async () => {
    const disk = mount(join(home, "pools"), 64);
    const { server, poolId, source, connections } = await open();
    const job = await loadedJob(scene!, "fits");
    await source.sql(`create table "ZBIG" as select g as belnr, 1 as version,
    (select string_agg(md5(g::text || i), '') from generate_series(1, 60) i) as sgtxt from generate_series(1, 30000) g`);
    const big = await makeExtractionJob(server, { poolId, dataSourceId: connections.fast }, "big", [
      "BKPF",
      "ZBIG",
    ]);
    disk.fill();
    await server.ok("POST", `${big.path}/execute`, { mode: "FULL" });
    expect(await waitForStatus(server, poolId, big.jobId, "SUCCESS", "FAIL")).toBe("FAIL");
    const detail = await failureOf(big.jobId);
    expect(detail).toMatch(/disk|space/i);
    disk.empty();
    await checkScene(scene!);
    disk.resize(512);
    await server.ok("POST", `${big.path}/execute`, { mode: "FULL" });
    expect(await waitForStatus(server, poolId, big.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
    await executeToRows(scene!, job);
    await stop(scene!, job, { wait: 50 });
    await checkScene(scene!);
  },
);

test.skipIf(!mayMount())(
  "F8 the first run of a pool on a full disk: FAIL, and with room the pool opens",
  async () => {
    const disk = mount(join(home, "pools"), 64);
    const { server, source } = await open();
    const { poolId, dataSourceId } = await makePool(server, source, "never opened");
    const job = await makeExtractionJob(server, { poolId, dataSourceId }, "first", ["BKPF"]);
    disk.fill();
    await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
    expect(await waitForStatus(server, poolId, job.jobId, "SUCCESS", "FAIL")).toBe("FAIL");
    disk.empty();
    await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
    expect(
      await waitForStatus(server, poolId, job.jobId, "SUCCESS", "FAIL"),
      await failureOf(job.jobId, poolId),
    ).toBe("SUCCESS");
  },
);

/** The last line of the newest execution's job log. */
async function failureOf(jobId: string, poolId = scene!.poolId): Promise<string> {
  const { server } = scene!;
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${poolId}/logs/${jobId}/executions`,
  );
  const { logMessages } = await server.ok(
    "GET",
    `/integration/api/pools/${poolId}/logs/executions/detail?executionId=${executionItems[0].executionId}&id=${jobId}&type=JOB&limit=5&page=0`,
  );
  return logMessages[0].logMessage as string;
}

test.skipIf(!mayMount())(
  "F9 the state's disk is full: no writes, but status, and a stop that stops; with room all is told, without a restart",
  async () => {
    const disk = mount(home, 24);
    mount(join(home, "pools"), 256);
    const { server, poolId, source } = await open();
    const loading = await loadedJob(scene!, "loading");
    const sleeping = await loadedJob(scene!, "sleeping", { filter: "pg_sleep(600) is not null" });
    const sleeper = await execute(scene!, sleeping);
    await sessionOf(scene!, sleeper, ({ waits }) => waits === "PgSleep");
    const loader = await executeToRows(scene!, loading);

    disk.fill();
    // What the log of the database still has room for is used up first.
    const refused = await until(async () => {
      const answer = await server.call("POST", "/integration/api/pools", { body: { name: "one more" } });
      return answer.status < 300 ? null : answer;
    });
    expect(refused.status).toBe(503);
    // A run whose progress cannot be recorded ends at the source; its end cannot be told yet.
    const gone = (id: string): Promise<true> =>
      until(async () => {
        const rows = await source.sql("select 1 from pg_stat_activity where application_name = $1", [
          `nd:${id}`,
        ]);
        return rows.length === 0 ? true : null;
      });
    await gone(loader);
    const answer = await stop(scene!, sleeping, { wait: 2 });
    expect(answer.outcome).toBe("NOT PROVEN");
    await gone(sleeper);
    expect(await statusNow(scene!, sleeping)).toBe("RUNNING");
    await checkScene(scene!);

    disk.empty();
    expect((await endOf(scene!, sleeping)).status).toBe("CANCEL");
    const { status, says } = await endOf(scene!, loading);
    expect([status, says]).toEqual(["FAIL", expect.stringContaining("could not be recorded")]);
    const receipt = await server.ok("GET", `/desk/v1/executions/${sleeper}/receipt`);
    expect(receipt.callers).toHaveLength(1);
    expect((await server.call("GET", `/desk/v1/pools/${poolId}/status`)).status).toBe(200);
    await executeToRows(scene!, loading);
    expect((await stop(scene!, loading, { wait: 50 })).outcome).toBe("STOPPED");
    await checkScene(scene!);
  },
);

test("F11 the pool's process runs out of memory: FAIL that says so, the server lives, and with memory it works again", async () => {
  const { server, poolId, source, connections } = await open();
  await loadedJob(scene!, "before");
  await source.sql(`create table "ZFAT" as select g as belnr, 1 as version, repeat(md5(g::text), 1000000) as sgtxt
    from generate_series(1, 4) g`);
  const gate = await makeGate(source);
  const fat = await makeExtractionJob(server, { poolId, dataSourceId: connections.fast }, "fat", [
    { tableName: "ZFAT", filterDefinition: `belnr <> 1 or ${gate.filter}` },
  ]);
  const run = (): Promise<unknown> => server.ok("POST", `${fat.path}/execute`, { mode: "FULL" });
  await run();
  await gate.reached();
  const [pid = 0] = await poolProcesses(home, poolId);
  execFileSync("prlimit", ["--pid", String(pid), "--as=1"]);
  await gate.open();
  expect(await waitForStatus(server, poolId, fat.jobId, "SUCCESS", "FAIL")).toBe("FAIL");
  expect(await failureOf(fat.jobId)).toMatch(/pool's process ended|alloc|memory/i);
  expect((await server.call("GET", "/healthz")).status).toBe(200);
  // Where it did not die of it.
  if ((await poolProcesses(home, poolId)).includes(pid))
    execFileSync("prlimit", ["--pid", String(pid), "--as=unlimited"]);
  await checkScene(scene!);
  await run();
  expect(await waitForStatus(server, poolId, fat.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
});

test("F12 no descriptors left: refusals, no crash, and a stop works as soon as there are some", async () => {
  const { server, pid } = await open();
  const { url } = server;
  const job = await loadedJob(scene!, "throttled");
  await executeToRows(scene!, job);
  const used = (await readdir(`/proc/${String(pid)}/fd`)).length;
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${String(used + 10)}`]);
  const { port, hostname } = new URL(url);
  const sockets: Socket[] = [];
  // Again and again: a connection of ours that the server closes meanwhile gives it a descriptor back.
  await until(async () => {
    for (let count = 0; count < 60; count += 1) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on("error", () => {});
      sockets.push(socket);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    return (await knock(url)) === "refused" ? true : null;
  });
  for (const socket of sockets) socket.destroy();
  await until(async () => ((await knock(url)) === 200 ? true : null));
  expect(["RUNNING", "FAIL"]).toContain(await statusNow(scene!, job));
  await stop(scene!, job, { wait: 50 });
  await endOf(scene!, job);
  await executeToRows(scene!, job);
  expect((await stop(scene!, job, { wait: 50 })).outcome).toBe("STOPPED");
  await checkScene(scene!);
});

/** Over a connection of its own: those of the other calls are kept open. */
function knock(url: string): Promise<number | "refused" | undefined> {
  return new Promise((resolve) => {
    get(`${url}/healthz`, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("timeout", () => {
        resolve("refused");
      })
      .on("error", () => {
        resolve("refused");
      });
  });
}
