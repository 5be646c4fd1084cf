/** What a source and the network before it do to a running extraction, and what is then true. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { killAfterMs } from "../src/engine/prove.ts";
import { makeGate } from "./support/held-sessions.ts";
import {
  checkScene,
  endOf,
  execute,
  executeToRows,
  loadedJob,
  openScene,
  sessionOf,
  statusNow,
  stop,
  type Scene,
  type SceneJob,
  stoppingOf,
} from "./support/night-scene.ts";
import { until } from "./support/nightdesk.ts";
import { poolProcesses } from "./support/processes.ts";
import { skippingClock } from "./support/skipping-clock.ts";

const clock = skippingClock();
let scene: Scene;
/** Throttled, and loaded once. */
let job: SceneJob;

beforeAll(async () => {
  scene = await openScene("faults_source", { settings: { NIGHTDESK_MOST_RUNNING: "1" }, clock });
  job = await loadedJob(scene, "throttled");
});
afterAll(() => scene?.end());
afterEach(async () => {
  scene.wire.heal();
  await checkScene(scene);
  expect(scene.server.reports).toEqual([]);
});

const noSessionOf = (executionId: string): Promise<true> =>
  until(async () => {
    const rows = await scene.source.sql("select 1 from pg_stat_activity where application_name = $1", [
      `nd:${executionId}`,
    ]);
    return rows.length === 0 ? true : null;
  });

test("F1 a reset in the middle: FAIL that names the table, the targets as they were, and it runs again", async () => {
  await executeToRows(scene, job);
  scene.wire.reset();
  const { status, says } = await endOf(scene, job);
  expect(status).toBe("FAIL");
  expect(says).toContain("BSEG");
  expect(says).toContain("source idle");
  await execute(scene, job);
  await stop(scene, job);
});

test("F1 a cut after n bytes of rows: FAIL, never a short table", async () => {
  const fast = await loadedJob(scene, "cut", { through: "fast" });
  for (const bytes of [1, 5_000, 300_000]) {
    scene.wire.cutAfter(bytes);
    await execute(scene, fast);
    expect((await endOf(scene, fast)).status).toBe("FAIL");
    await checkScene(scene);
  }
  await execute(scene, fast);
  expect((await endOf(scene, fast)).status).toBe("SUCCESS");
});

test.each(["refuse", "blackhole"] as const)(
  "F2 a connect that meets %s: a session may be left, so it stays RUNNING until the source can be read; then FAIL",
  async (weather) => {
    scene.wire.turn(weather);
    await execute(scene, job);
    // The connect limit is 10 s. Healed before the run has met the weather, it would load as ever.
    expect(await stoppingOf(scene, job, ({ level }) => level === "worker gone")).toMatchObject({
      why: expect.stringContaining("cannot be read"),
    });
    expect(await statusNow(scene, job)).toBe("RUNNING");
    scene.wire.heal();
    const { status, says } = await endOf(scene, job);
    expect(status).toBe("FAIL");
    expect(says).toContain(`localhost:${String(scene.wire.port)}`);
    expect(says).not.toContain("CANARY-");
  },
);

test("F4 a partition, then a stop: unproven and RUNNING however often it is asked; healed it becomes CANCEL", async () => {
  const executionId = await executeToRows(scene, job);
  scene.wire.turn("blackhole");
  for (let ask = 1; ask <= 2; ask += 1) {
    const answer = await stop(scene, job, { wait: 1 });
    expect(answer.outcome).toBe("NOT PROVEN");
    expect(await statusNow(scene, job)).toBe("RUNNING");
  }
  // Its backend is alive: the status did not lie.
  await sessionOf(scene, executionId);
  await checkScene(scene);
  scene.wire.heal();
  expect((await stop(scene, job, { wait: 50 })).outcome).toMatch(/STOPPED|WAS NOT RUNNING/);
  expect((await endOf(scene, job)).status).toBe("CANCEL");
});

test.each(["blackhole", "refuse"] as const)(
  "F5 only the second connection meets %s: the query is ended, and nobody says so before it was seen",
  async (weather) => {
    const executionId = await executeToRows(scene, job);
    // Neither the one that is open already lives on, nor does a new one come about.
    if (weather === "refuse") scene.wire.reset("second");
    scene.wire.turn(weather, "second");
    const answer = await stop(scene, job, { wait: 2 });
    expect(answer.outcome).toBe("NOT PROVEN");
    expect(answer.proof?.level).toMatch(/recorded|worker gone/);
    await noSessionOf(executionId);
    expect(await statusNow(scene, job)).toBe("RUNNING");
    scene.wire.heal();
    expect((await endOf(scene, job)).status).toBe("CANCEL");
  },
);

test("F5 reversed: only the reading connection is dead, the second one ends it at the source", async () => {
  const executionId = await executeToRows(scene, job);
  scene.wire.turn("blackhole", "first");
  expect((await stop(scene, job, { wait: 50 })).outcome).toBe("STOPPED");
  // Asked at once and past the wire.
  expect(
    await scene.source.sql("select 1 from pg_stat_activity where application_name = $1", [
      `nd:${executionId}`,
    ]),
  ).toEqual([]);
});

test("a reset, a slow line and a refusal while the stop is under way end as CANCEL too", async () => {
  for (const weather of [{ slow: 20_000 }, "refuse", "reset"] as const) {
    await executeToRows(scene, job);
    if (weather === "reset") scene.wire.turn("blackhole");
    else scene.wire.turn(weather);
    const asked = stop(scene, job, { wait: 1 });
    if (weather === "reset") {
      // Before it is asked for, a reset is a failure and no stop.
      await stoppingOf(scene, job, ({ callers }) => callers > 0);
      scene.wire.turn("pass");
      scene.wire.reset();
    }
    await asked;
    scene.wire.heal();
    expect((await endOf(scene, job)).status, JSON.stringify(weather)).toBe("CANCEL");
  }
});

test("F18 fifty stops at once are one cancellation with fifty callers on its record", async () => {
  const executionId = await executeToRows(scene, job);
  // Until all have asked, it cannot be proven.
  scene.wire.turn("blackhole", "second");
  const asked = Array.from({ length: 50 }, () => stop(scene, job, { wait: 50, execution: executionId }));
  await until(async () => {
    const { jobs } = await scene.server.ok("GET", `/desk/v1/pools/${scene.poolId}/status`);
    return jobs.find(({ id }: { id: string }) => id === job.jobId).stopping?.callers === 50 ? true : null;
  });
  scene.wire.heal();
  const answers = await Promise.all(asked);
  expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(["STOPPED"]));
  const receipt = await scene.server.ok("GET", `/desk/v1/executions/${executionId}/receipt`);
  expect(receipt.callers).toHaveLength(50);
  expect(receipt.status).toBe("CANCEL");
});

test("F19 a queued execution that is stopped never starts; the one behind it does", async () => {
  const first = job;
  const second = await loadedJob(scene, "queued", { through: "fast" });
  await executeToRows(scene, first);
  const queued = await execute(scene, second);
  expect(await statusNow(scene, second)).toBe("QUEUED");
  expect((await stop(scene, second)).outcome).toBe("STOPPED");
  expect((await stop(scene, first, { wait: 50 })).outcome).toBe("STOPPED");
  const receipt = await scene.server.ok("GET", `/desk/v1/executions/${queued}/receipt`);
  expect(receipt).toMatchObject({ status: "CANCEL", startedAt: null });
  await execute(scene, second);
  expect((await endOf(scene, second)).status).toBe("SUCCESS");
});

test("F23 the pool's process dies in a run: FAIL, the pool as it was, the next run works", async () => {
  await executeToRows(scene, job);
  const [pid] = await poolProcesses(scene.server.home, scene.poolId);
  process.kill(pid ?? 0, "SIGKILL");
  const { status, says } = await endOf(scene, job);
  expect(status).toBe("FAIL");
  expect(says).toContain("SIGKILL");
  await executeToRows(scene, job);
  await stop(scene, job, { wait: 50 });
});

test("F24 a stop that names an older execution leaves the newer one alone, and no session is used twice", async () => {
  const older = await executeToRows(scene, job);
  const oldPid = await sessionOf(scene, older);
  expect((await stop(scene, job, { wait: 50, execution: older })).outcome).toBe("STOPPED");
  const newer = await executeToRows(scene, job);
  expect(await sessionOf(scene, newer)).not.toBe(oldPid);
  expect((await stop(scene, job, { execution: older })).outcome).toBe("OTHER EXECUTION");
  await sessionOf(scene, newer, ({ state }) => state === "active");
  expect((await stop(scene, job, { wait: 50 })).outcome).toBe("STOPPED");
});

test("F26 a column that goes while another table is being read: FAIL that names it", async () => {
  const { server, source } = scene;
  const gate = await makeGate(source);
  const changed = await loadedJob(scene, "changed", { filter: `belnr = 1 and ${gate.filter}` });
  const base = `${changed.path}/extractions/${changed.extractionId}/tables/`;
  const tables = (await server.ok("GET", base)) as { tableName: string }[];
  const bkpf = tables.find(({ tableName }) => tableName === "BKPF");
  // BSEG is read first and stands before the gate.
  await server.ok("PUT", base, [{ ...bkpf, columns: [{ columnName: "sgtxt" }] }]);
  await source.sql('create table "ZLAST" as table "BKPF"');
  await server.ok("POST", base, [
    { tableName: "ZLAST", taskId: changed.extractionId, columns: [{ columnName: "sgtxt" }] },
  ]);
  await execute(scene, changed);
  await gate.reached();
  await source.sql('alter table "ZLAST" drop column sgtxt');
  await gate.open();
  const { status, says } = await endOf(scene, changed);
  expect(status).toBe("FAIL");
  expect(says).toContain("sgtxt");
});

test("F26 a change of the table that is being read waits until the read is over", async () => {
  const executionId = await executeToRows(scene, job);
  await scene.source.sql("set lock_timeout = '300ms'");
  await expect(scene.source.sql('alter table "BSEG" add column neu int')).rejects.toThrow(/lock timeout/);
  await scene.source.sql("reset lock_timeout");
  expect((await stop(scene, job, { wait: 50, execution: executionId })).outcome).toBe("STOPPED");
});

test("F28 a pool's process that hangs is killed and reaped, so that nothing it does later can count", async () => {
  await executeToRows(scene, job);
  const [pid = 0] = await poolProcesses(scene.server.home, scene.poolId);
  process.kill(pid, "SIGSTOP");
  const asked = performance.now();
  expect((await stop(scene, job, { wait: 1 })).outcome).toBe("NOT PROVEN");
  expect(await statusNow(scene, job)).toBe("RUNNING");
  clock.skip(killAfterMs);
  expect((await endOf(scene, job)).status).toBe("CANCEL");
  expect(performance.now() - asked).toBeLessThan(150_000);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("F29 SQL that swallows a cancel is terminated, within the promise", async () => {
  const stubborn = await loadedJob(scene, "stubborn", { filter: "stubborn()" });
  const executionId = await execute(scene, stubborn);
  await sessionOf(scene, executionId, ({ waits }) => waits === "PgSleep");
  // Else it notices that its client has gone.
  scene.wire.turn("blackhole", "first");
  const asked = performance.now();
  expect((await stop(scene, stubborn, { wait: 100 })).outcome).toBe("STOPPED");
  expect(performance.now() - asked).toBeLessThan(100_000);
  const { steps } = await scene.server.ok("GET", `/desk/v1/executions/${executionId}/receipt`);
  const words = steps.map(({ step }: { step: string }) => step);
  expect(words.filter((word: string) => word === "cancelled at the source").length).toBeGreaterThan(3);
  expect(words).toContain("terminated at the source");
}, 150_000);
