/** What is recorded when it cannot be, and the head: over a real log, with time in the hands of the test. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Clock } from "../src/base/clock.ts";
import { deferred, type Deferred } from "../src/base/deferred.ts";
import { AuditTrail, type Happening } from "../src/engine/audit-trail.ts";
import type { AuditRecord } from "../src/model/audit.ts";
import { UnavailableError } from "../src/model/errors.ts";
import { openAuditLog } from "../src/state/index.ts";
import { verifyHome } from "../src/verify-home.ts";
import { homeWithRecords, noRoom, withDatabase } from "./support/audit-home.ts";

const happening: Happening = {
  requestId: "request",
  key: { id: "key", name: "night", prefix: "ndk_abcdef" },
  channel: "desk",
  action: "POST /somewhere",
  deed: null,
  ids: {},
  executions: [],
  status: null,
  outcome: null,
  because: null,
  address: "10.0.0.1",
  holds: [],
  before: null,
  after: null,
};

/** Sleeps end when the test lets them. */
function heldClock() {
  const sleeping: { ms: number; wake: Deferred<void> }[] = [];
  let now = 1_800_000_000_000;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, { signal } = {}) => {
      const wake = deferred<void>();
      sleeping.push({ ms, wake });
      signal?.addEventListener("abort", () => wake.reject(signal.reason), { once: true });
      await wake.promise;
    },
  };
  return {
    clock,
    /** Lets time pass until whoever sleeps so long wakes up; resolves when it has had its turn. */
    pass: async (ms: number) => {
      now += ms;
      for (const sleeper of sleeping.filter((one) => one.ms === ms)) {
        sleeping.splice(sleeping.indexOf(sleeper), 1);
        sleeper.wake.resolve();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function openTrail() {
  const home = await homeWithRecords(0);
  const { log } = openAuditLog(join(home, "state.db"), `${home}.audit-key`);
  const reports: string[] = [];
  const notices: string[] = [];
  const { clock, pass } = heldClock();
  const trail = new AuditTrail({
    log,
    clock,
    report: (line) => reports.push(line),
    notice: (line) => notices.push(line),
  });
  onTestFinished(() => log.close());
  const records = async (): Promise<AuditRecord[]> =>
    (await log.records({ from: 0, to: Number.MAX_SAFE_INTEGER, page: 0, limit: 10_000 })).records;
  const run = (sql: string): void => withDatabase(home, (database) => void database.exec(sql));
  const clog = (): void => run(noRoom);
  const mend = (): void => run("DROP TRIGGER no_room");
  return { home, log, trail, reports, notices, pass, records, clog, mend };
}

test("the head is told at the start, every hour and at the end, and verifies", async () => {
  const { home, trail, notices, pass, records } = await openTrail();
  await trail.start("1.2.3");
  expect(notices).toHaveLength(1);
  await trail.done(happening);
  await pass(3_600_000);
  await pass(3_600_000);
  expect(notices).toHaveLength(3);
  await trail.close();
  expect(notices).toHaveLength(4);
  await pass(3_600_000);
  expect(notices).toHaveLength(4);
  expect((await records()).map(({ action, outcome }) => [action, outcome])).toEqual([
    ["server started", "1.2.3"],
    ["POST /somewhere", null],
    ["server stopped", null],
  ]);
  for (const line of notices) {
    const [, sequence, hmac] = /^audit head (\d+):([0-9a-f]{64})$/.exec(line) ?? [];
    expect(verifyHome(home, { sequence: Number(sequence), hmac: hmac ?? "" })).toMatchObject({ holds: true });
  }
});

test("an action that cannot be recorded is refused; a stop is let through, and written late", async () => {
  const { home, trail, reports, pass, records, clog, mend } = await openTrail();
  clog();
  await expect(trail.asked(happening)).rejects.toThrow(UnavailableError);
  await expect(trail.asked({ ...happening, deed: "hold" })).rejects.toMatchObject({
    line: expect.stringMatching(/^record the action \(.*\): .*SQLITE_CONSTRAINT_TRIGGER.* Next: /),
  });
  await trail.asked({ ...happening, deed: "stop" });
  await trail.done({ ...happening, deed: "stop", outcome: "STOPPED" });
  expect(await records()).toEqual([]);
  expect(reports).toEqual([
    expect.stringMatching(/^audit: not written .*"phase":"asked".*"deed":"stop"/),
    expect.stringMatching(/^audit: not written .*"outcome":"STOPPED"/),
  ]);
  await pass(1000);
  expect(await records()).toEqual([]);
  mend();
  await pass(1000);
  expect(await records()).toMatchObject([
    { sequence: 1, phase: "asked", late: true, at: 1_800_000_000_000 },
    { sequence: 2, phase: "done", late: true, outcome: "STOPPED" },
  ]);
  expect(reports.at(-1)).toBe("audit: 2 records written late");
  await trail.asked(happening);
  expect((await records()).at(-1)).toMatchObject({ sequence: 3, late: false });
  await trail.close();
  expect(verifyHome(home)).toMatchObject({ holds: true, records: 4 });
});

test("a flood while nothing can be written takes bounded memory, leaves room for stops, and is counted", async () => {
  const { trail, reports, pass, records, clog, mend } = await openTrail();
  clog();
  for (let n = 0; n < 1500; n += 1) await trail.denied(happening, { unidentified: false });
  for (let n = 0; n < 1500; n += 1) await trail.asked({ ...happening, deed: "stop" });
  expect(reports).toHaveLength(1001);
  mend();
  await pass(1000);
  const written = await records();
  expect(written.filter(({ phase }) => phase === "denied")).toHaveLength(500);
  expect(written.filter(({ phase }) => phase === "asked")).toHaveLength(500);
  expect(written.at(-1)).toMatchObject({ action: "records lost", times: 2000 });
  await trail.close();
});

test("what waits at the end is tried once more, and what stays unwritten is said", async () => {
  const { trail, reports, records, clog, mend } = await openTrail();
  clog();
  await trail.asked({ ...happening, deed: "stop" });
  mend();
  await trail.close();
  expect((await records()).map(({ action }) => action)).toEqual(["POST /somewhere", "server stopped"]);

  const other = await openTrail();
  other.clog();
  await other.trail.asked({ ...happening, deed: "stop" });
  await other.trail.close();
  expect(other.reports.at(-1)).toBe(
    "audit: 2 records could not be written to the end; each stands in this log",
  );
  expect(reports.at(-1)).toBe("audit: 1 records written late");
});

test("after a failure the database is left alone for a second, so that it does not hold up every call", async () => {
  const { log, trail, pass, clog } = await openTrail();
  let appends = 0;
  const append = log.append.bind(log);
  log.append = (entry) => {
    appends += 1;
    return append(entry);
  };
  clog();
  for (let n = 0; n < 20; n += 1) await expect(trail.asked(happening)).rejects.toThrow(UnavailableError);
  expect(appends).toBe(1);
  await pass(1000);
  await expect(trail.asked(happening)).rejects.toThrow(UnavailableError);
  expect(appends).toBe(2);
  await trail.close();
});
