/** A process dies at each failpoint; and what a throw, a hang and a wait at the commit come to. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import { killAfterMs } from "../src/engine/prove.ts";
import { contentAtSource, contentInPool } from "./support/contents.ts";
import { killCases, type KillCase } from "./support/kill-cases.ts";
import {
  checkScene,
  endOf,
  execute,
  loadedJob,
  openScene,
  serverProcess,
  sessionOf,
  stop,
  type Scene,
  type SceneJob,
  stoppingOf,
} from "./support/night-scene.ts";
import {
  makeTransformation,
  startTestServer,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { poolProcesses } from "./support/processes.ts";
import type { ServerProcess } from "./support/server-process.ts";
import { skippingClock } from "./support/skipping-clock.ts";

const clock = skippingClock();
let folder: string;
let scene: Scene;
/** Loads; waits at the source first, until it is stopped; copies in the pool; copies and then fails. */
let jobs: Record<KillCase["doing"], SceneJob>;
const adminKey = newKeyText();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-kill-"));
  scene = await openScene("faults_kill", { rows: 5000, start: () => inThisProcess("") });
  const stopped = await loadedJob(scene, "stop", {
    through: "fast",
    filter: "belnr < 4000 or pg_sleep(0.1) is not null",
  });
  stopped.tables = {};
  const load = await loadedJob(scene, "load", { through: "fast" });
  const copy = `drop table if exists "COPY"; create table "COPY" as select * from "BSEG"`;
  const transform = await transforming("transform", copy);
  const failing = await transforming("failing transform", `${copy}; select * from "NOWHERE"`);
  jobs = { load, stop: stopped, transform, "failing transform": failing };
});
afterEach(() => checkScene(scene));
afterAll(async () => {
  await scene?.end();
  await rm(folder, { recursive: true, force: true });
});

/** A job of one transformation. */
async function transforming(name: string, statement: string): Promise<SceneJob> {
  const { poolId, connections, server } = scene;
  const { id } = await server.ok("POST", `/integration/api/pools/${poolId}/jobs`, {
    name,
    dataPoolId: poolId,
    dataSourceId: connections.fast,
  });
  const jobId = id as string;
  const path = `/integration/api/pools/${poolId}/jobs/${jobId}`;
  await makeTransformation(server, path, "copy", statement);
  const job: SceneJob = { name, jobId, path, extractionId: "", through: "fast", tables: {} };
  scene.jobs.push(job);
  return job;
}

const home = (): string => join(folder, "home");

/** Only the processes of its pools pass the failpoints: it starts in no time. */
const inThisProcess = (failpoints: string): Promise<TestServer> =>
  startTestServer({
    home: home(),
    settings: { NIGHTDESK_FAILPOINTS: failpoints, NIGHTDESK_ADMIN_KEY: adminKey },
    clock,
  });

/** The server anew, with failpoints of its pools' processes or none. */
async function restart(failpoints: string): Promise<void> {
  await scene.server.stop();
  scene.server = await inThisProcess(failpoints);
}

/** The server anew, in a process that can be killed. */
async function restartApart(failpoints: string): Promise<ServerProcess> {
  await scene.server.stop();
  const apart = await serverProcess(home(), adminKey, { NIGHTDESK_FAILPOINTS: failpoints });
  scene.server = apart;
  return apart;
}

/** What the job's table holds, and what it will hold after a whole run: never the same. */
async function before(doing: KillCase["doing"]): Promise<{ table: string; old: string; fresh: string }> {
  const { path } = jobs.load;
  if (doing === "transform" || doing === "failing transform") {
    await scene.server.ok("POST", `${jobs.transform.path}/execute`, {});
    await waitForStatus(scene.server, scene.poolId, jobs.transform.jobId, "SUCCESS");
    await scene.source.sql('update "BSEG" set version = version + 1');
    await execute(scene, jobs.load);
    await waitForStatus(scene.server, scene.poolId, jobs.load.jobId, "SUCCESS");
    const old = await contentInPool(scene.server, path, "COPY");
    jobs.load.tables = {};
    return { table: "COPY", old, fresh: await contentInPool(scene.server, path, "BSEG") };
  }
  await scene.source.sql('update "BSEG" set version = version + 1; update "BKPF" set version = version + 1');
  const content = async (table: string): Promise<string[]> => [
    await contentInPool(scene.server, path, table),
    await contentAtSource(scene.source, table),
  ];
  const [old = "", fresh = ""] = await content("BSEG");
  jobs.load.tables = { BSEG: [old, fresh], BKPF: await content("BKPF") };
  return { table: "BSEG", old, fresh };
}

/** Begins what passes the failpoint; an answer may never come. */
async function begin(doing: KillCase["doing"]): Promise<void> {
  const job = jobs[doing];
  const lost = (): undefined => undefined;
  await scene.server
    .call("POST", `${job.path}/execute`, { body: job.extractionId === "" ? {} : { mode: "FULL" } })
    .catch(lost);
  if (doing !== "stop") return;
  const { jobs: rows } = await scene.server.ok("GET", `/desk/v1/pools/${scene.poolId}/status`);
  const { executionId } = rows.find(({ id }: { id: string }) => id === job.jobId);
  await sessionOf(scene, executionId as string, ({ waits }) => waits === "PgSleep");
  await stop(scene, job, { wait: 30 }).catch(lost);
}

/** Lets it happen; how the process that passed the failpoint ended, as far as can be seen from outside. */
async function hit({ at, doing }: KillCase): Promise<string> {
  if (at.startsWith("engine.")) {
    const server = await restartApart(`${at}=kill`);
    const died = new Promise((resolve) => server.child.once("exit", (_, signal) => resolve(signal)));
    await begin(doing);
    return String(await died);
  }
  await restart(`${at}=kill`);
  // It is up before: so its end shows in that it is there no more, also where a stop is the reason that counts.
  await contentInPool(scene.server, jobs.load.path, "BSEG");
  const owners = await poolProcesses(home(), scene.poolId);
  expect(owners).toHaveLength(1);
  await begin(doing);
  const { status, says } = await endOf(scene, jobs[doing]);
  if (status !== "CANCEL") return /SIG\w+/.exec(says)?.[0] ?? says;
  const left = await poolProcesses(home(), scene.poolId);
  if (left.some((pid) => owners.includes(pid))) return "still there";
  // The server killed nothing: it died by itself.
  return (await stepsOf(jobs[doing])).includes("killed the worker") ? "killed by the server" : "SIGKILL";
}

test.each(killCases)("killed at $at: $ends, and the pool holds the $holds", async (one) => {
  const { table, old, fresh } = await before(one.doing);
  expect(fresh).not.toBe(old);
  expect(await hit(one)).toBe("SIGKILL");
  await restart("");
  expect((await endOf(scene, jobs[one.doing])).status).toBe(one.ends);
  const holds = await contentInPool(scene.server, jobs.load.path, table);
  expect(holds).toBe(one.holds === "old" ? old : fresh);
  const effects = await effectsOf(jobs[one.doing]);
  expect(effects.map((effect) => effect === "loaded")).toEqual(effects.map(() => one.holds === "new"));
});

test("a stop that comes before the last check wins: CANCEL, the pool as it was", async () => {
  const { table, old } = await before("load");
  const goOn = join(folder, "check at last");
  await restart(`swap.before-commit=wait:${goOn}`);
  await execute(scene, jobs.load);
  await until(async () => (existsSync(`${goOn}.reached`) ? true : null));
  const stopped = stop(scene, jobs.load, { wait: 50 });
  // By then its process was told.
  await stoppingOf(scene, jobs.load, ({ why }) => why.includes("has not ended it yet"));
  await writeFile(goOn, "");
  expect((await stopped).outcome).toBe("STOPPED");
  expect((await endOf(scene, jobs.load)).status).toBe("CANCEL");
  expect(await contentInPool(scene.server, jobs.load.path, table)).toBe(old);
});

test("a swap that hangs before its last check is stopped too: its process is killed, CANCEL, the pool as it was", async () => {
  const { table, old } = await before("load");
  await restart("swap.before-commit=hang");
  await execute(scene, jobs.load);
  await untilSwapping();
  expect((await stop(scene, jobs.load, { wait: 1 })).outcome).toBe("NOT PROVEN");
  clock.skip(killAfterMs);
  expect((await endOf(scene, jobs.load)).status).toBe("CANCEL");
  expect(await contentInPool(scene.server, jobs.load.path, table)).toBe(old);
});

test("a stop that comes after the last check is too late: FINISHED BY ITSELF, and the data is loaded", async () => {
  const { table, fresh } = await before("load");
  const goOn = join(folder, "commit");
  await restart(`commit.begun=wait:${goOn}`);
  await execute(scene, jobs.load);
  await until(async () => (existsSync(`${goOn}.reached`) ? true : null));
  const late = stop(scene, jobs.load, { wait: 50 });
  await stoppingOf(scene, jobs.load, ({ why }) => why.includes("has not ended it yet"));
  await writeFile(goOn, "");
  expect((await late).outcome).toBe("FINISHED BY ITSELF");
  const { status, says } = await endOf(scene, jobs.load);
  expect([status, says]).toEqual(["SUCCESS", expect.stringContaining("the stop came too late")]);
  expect(await contentInPool(scene.server, jobs.load.path, table)).toBe(fresh);
});

test("a stop that comes after the last commit is too late even if the process dies before it can say so", async () => {
  const { table, fresh } = await before("load");
  await restart("swap.committed=hang");
  await execute(scene, jobs.load);
  await untilSwapping();
  await until(async () =>
    (await contentInPool(scene.server, jobs.load.path, table)) === fresh ? true : null,
  );
  expect((await stop(scene, jobs.load, { wait: 1 })).outcome).toBe("NOT PROVEN");
  for (const pid of await poolProcesses(home(), scene.poolId)) process.kill(pid, "SIGKILL");
  const { status, says } = await endOf(scene, jobs.load);
  expect([status, says]).toEqual(["SUCCESS", expect.stringContaining("the stop came too late")]);
  expect(await effectsOf(jobs.load)).toEqual(["loaded", "loaded"]);
  await restart("");
  expect(await contentInPool(scene.server, jobs.load.path, table)).toBe(fresh);
});

test.each(["session.opened", "swap.before-commit", "commit.begun"])(
  "an error at %s is a FAIL that names it, with the pool as it was",
  async (at) => {
    const { table, old } = await before("load");
    await restart(`${at}=throw`);
    await execute(scene, jobs.load);
    const { status, says } = await endOf(scene, jobs.load);
    expect([status, says]).toEqual(["FAIL", expect.stringContaining(`failpoint ${at}`)]);
    await restart("");
    expect(await contentInPool(scene.server, jobs.load.path, table)).toBe(old);
  },
);

test("a rollback that hangs has a deadline of its own: FAIL with what led to it, and the pool as it was", async () => {
  const { table, old } = await before("failing transform");
  await restart("rollback.begun=hang");
  await begin("failing transform");
  const { status, says } = await endOf(scene, jobs["failing transform"]);
  expect([status, says]).toEqual(["FAIL", expect.stringMatching(/rolling back did not end.*NOWHERE/)]);
  expect(await contentInPool(scene.server, jobs.load.path, table)).toBe(old);
});

test("dropping staging that hangs has a deadline of its own: FAIL with what led to it, and nothing is left of it", async () => {
  const broken = await loadedJob(scene, "broken", {
    through: "fast",
    filter: "belnr / (4000 - belnr) < 9999",
  });
  broken.tables = {};
  const { table, old } = await before("load");
  await restart("clean-up.begun=hang");
  await execute(scene, broken);
  const { status, says } = await endOf(scene, broken);
  expect([status, says]).toEqual([
    "FAIL",
    expect.stringMatching(/dropping the staging table.*division by zero/),
  ]);
  expect(await contentInPool(scene.server, jobs.load.path, table)).toBe(old);
});

/** What its newest receipt says of each table. */
async function effectsOf(job: SceneJob): Promise<string[]> {
  return (await newestReceipt(job)).tables.map(({ effect }) => effect);
}

/** What was done and seen on the way to its end, by its newest receipt. */
async function stepsOf(job: SceneJob): Promise<string[]> {
  return (await newestReceipt(job)).steps.map(({ step }) => step);
}

async function newestReceipt({
  jobId,
}: SceneJob): Promise<{ tables: { effect: string }[]; steps: { step: string }[] }> {
  const { server, poolId } = scene;
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${poolId}/logs/${jobId}/executions`,
  );
  return await server.ok("GET", `/desk/v1/executions/${executionItems[0].executionId as string}/receipt`);
}

/** The line of the log that comes right before the swap. */
async function untilSwapping(): Promise<void> {
  const { poolId } = scene;
  const { jobId } = jobs.load;
  const base = `/integration/api/pools/${poolId}/logs`;
  await until(async () => {
    const { executionItems } = await scene.server.ok("GET", `${base}/${jobId}/executions`);
    const executionId = executionItems[0].executionId as string;
    const [task] = await scene.server.ok(
      "GET",
      `${base}/executions?executionId=${executionId}&type=TASK&id=${jobId}`,
    );
    if (task === undefined) return null;
    const { logMessages } = await scene.server.ok(
      "GET",
      `${base}/executions/detail?executionId=${executionId}&id=${task.taskId as string}&type=TASK&limit=50&page=0`,
    );
    const swapping = (line: { logTranslationCode: string }): boolean =>
      line.logTranslationCode === "WAITING_FOR_SUCCESS_STATE";
    return logMessages.some(swapping) ? true : null;
  });
}
