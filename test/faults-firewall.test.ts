/** A firewall that rejects, between Nightdesk and the source: refused is unknown, never idle, until its rule is gone. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { mayReject } from "../scripts/may-reject.mjs";
import { rejectAt, type Firewall, type Rejection } from "./support/firewall.ts";
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

let scene: Scene;
/** Throttled, and loaded once. */
let job: SceneJob;
let firewall: Firewall | null = null;

beforeAll(async () => {
  scene = await openScene("faults_firewall");
  job = await loadedJob(scene, "throttled");
});
afterAll(() => scene?.end());
afterEach(async () => {
  firewall?.lift();
  // A test that failed may have left it; the next one shall not fail of that.
  if ((await statusNow(scene, job)) === "RUNNING") await stop(scene, job, { wait: 50 });
  await checkScene(scene);
  expect(scene.server.reports).toEqual([]);
});

/** From now on, before the port that Nightdesk knows as the source. */
function raise(how: Rejection, { except = [] }: { except?: readonly number[] } = {}): Firewall {
  firewall = rejectAt(scene.wire.port, how, { except });
  return firewall;
}

/** What the desk says of the end, as soon as it says that the source cannot be read. */
const unknownAtDesk = (): ReturnType<typeof stoppingOf> =>
  stoppingOf(scene, job, ({ why }) => why.includes("cannot be read"));

/** However often it is asked for, and while the loop goes on looking, at its own pace. */
async function expectNotProven(raised: Firewall): Promise<void> {
  for (let ask = 1; ask <= 2; ask += 1) {
    expect((await stop(scene, job, { wait: 1 })).outcome).toBe("NOT PROVEN");
    expect(await statusNow(scene, job)).toBe("RUNNING");
  }
  await unknownAtDesk();
  const before = raised.rejected();
  await until(async () => (raised.rejected() > before ? true : null));
  // The pauses are some ten looks until now, of a packet or two each; without them there are thousands.
  expect(raised.rejected()).toBeLessThan(10 * 2 * 10);
  expect(await statusNow(scene, job)).toBe("RUNNING");
  await checkScene(scene);
}

/** By itself, once the rule is gone: nobody asks again. */
async function expectSettles(executionId: string, status: "CANCEL" | "FAIL"): Promise<void> {
  firewall?.lift();
  expect((await endOf(scene, job)).status).toBe(status);
  const receipt = await scene.server.ok("GET", `/desk/v1/executions/${executionId}/receipt`);
  expect(receipt.proof).toMatchObject({ level: "source idle", note: expect.stringContaining("read at") });
  const steps: string[] = receipt.steps.map(({ step }: { step: string }) => step);
  expect(steps.at(-1)).toBe("source idle");
  expect(steps.indexOf("source idle")).toBe(steps.length - 1);
  expect(steps).toContain("source unknown");
}

test.skipIf(!mayReject())(
  "a firewall resets both connections: the run fails, and nobody says so before the source can be read",
  async () => {
    const executionId = await executeToRows(scene, job);
    const raised = raise("tcp reset");
    expect(await unknownAtDesk()).toMatchObject({ level: "worker gone", callers: 0 });
    expect(await statusNow(scene, job)).toBe("RUNNING");
    await expectNotProven(raised);
    // Its backend is alive: a status that said that it is over would have lied.
    await sessionOf(scene, executionId);
    await expectSettles(executionId, "FAIL");
  },
);

test.skipIf(!mayReject())(
  "a firewall forbids both connections: a cancel is answered as not proven, and is CANCEL once the rule is gone",
  async () => {
    const executionId = await executeToRows(scene, job);
    const raised = raise("icmpx type admin-prohibited");
    const cancel = await scene.server.call("POST", `${job.path}/cancel`);
    expect([cancel.status, cancel.headers.get("x-nightdesk-code")]).toEqual([202, "20"]);
    expect(cancel.text).toMatch(/^NOT PROVEN/);
    expect((await unknownAtDesk()).why).toContain("EHOSTUNREACH");
    await expectNotProven(raised);
    await sessionOf(scene, executionId);
    await expectSettles(executionId, "CANCEL");
  },
);

/**
 * Of what is open the reading connection alone goes on; whatever looks, or asks to cancel, is turned away. Resolves
 * with the execution once it was stopped and its query has ended, which nobody can see.
 */
async function stopWithoutLook(how: Rejection): Promise<string> {
  const executionId = await executeToRows(scene, job);
  const raised = raise(how, { except: scene.wire.clientPorts("first") });
  await sessionOf(scene, executionId, ({ state }) => state === "active");
  await expectNotProven(raised);
  expect(await unknownAtDesk()).toMatchObject({
    level: "worker gone",
    why: expect.stringContaining("nothing accepts connections there"),
  });
  // It is over there, which only we know, who look past the firewall.
  await until(async () => {
    const rows = await scene.source.sql("select 1 from pg_stat_activity where application_name = $1", [
      `nd:${executionId}`,
    ]);
    return rows.length === 0 ? true : null;
  });
  return executionId;
}

test.skipIf(!mayReject())(
  "a firewall resets only the second connection: the query is ended, and nobody says so before it was seen",
  async () => {
    const executionId = await stopWithoutLook("tcp reset");
    expect(await statusNow(scene, job)).toBe("RUNNING");
    await expectSettles(executionId, "CANCEL");
  },
);

test.skipIf(!mayReject())("a firewall calls the second connection's port unreachable: the same", async () => {
  const executionId = await stopWithoutLook("icmpx type port-unreachable");
  expect(await statusNow(scene, job)).toBe("RUNNING");
  await expectSettles(executionId, "CANCEL");
});

test.skipIf(!mayReject())(
  "a run that begins behind the firewall: FAIL that names the place, because no session was ever opened",
  async () => {
    for (const how of ["tcp reset", "icmpx type admin-prohibited"] as const) {
      raise(how);
      await execute(scene, job);
      const { status, says } = await endOf(scene, job);
      expect(status).toBe("FAIL");
      expect(says).toContain(`localhost:${String(scene.wire.port)}`);
      expect(says).toContain("no session at the source was ever opened");
      expect(says).not.toContain("CANARY-");
      firewall?.lift();
    }
    await executeToRows(scene, job);
    expect((await stop(scene, job, { wait: 50 })).outcome).toBe("STOPPED");
  },
);
