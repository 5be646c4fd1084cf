import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { RetryableSourceError } from "../model/errors.ts";
import type { Source, SourceAccess, SourceControl, SourceSessionView } from "../model/source.ts";
import type { EndStep, Proof } from "../model/stop.ts";
import { SecondConnection } from "./second-connection.ts";
import { endUntilProven, killAfterMs, terminateAfterMs, type Ending } from "./prove.ts";

/** A clock on which sleeping is the only thing that lets time pass. */
function fakeClock(): Clock {
  let now = 1_000_000;
  return {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, { signal } = {}) => {
      await Promise.resolve();
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

/** A source whose list of sessions follows a script, one entry a look; the last one repeats. */
function scripted(looks: ("unreadable" | SourceSessionView[])[]) {
  const calls: string[] = [];
  let look = 0;
  const control: SourceControl = {
    sessions: async () => {
      const now = looks[Math.min(look++, looks.length - 1)] ?? [];
      if (now === "unreadable") {
        calls.push("unreadable");
        throw new RetryableSourceError("connection refused", { operation: "read the sessions" });
      }
      calls.push(`read ${String(now.length)}`);
      return { readAt: "t", serverStartedAt: "s", ofAnotherServer: false, sessions: now };
    },
    sessionTags: async () => [],
    cancel: async () => void calls.push("cancel"),
    terminate: async () => void calls.push("terminate"),
    searchTables: async () => [],
    close: async () => undefined,
  };
  const source: Source = {
    type: "POSTGRESQL",
    abortMeans: "cancel query",
    open: async () => Promise.reject(new Error("not for proof")),
    control: async () => control,
  };
  return { source, calls };
}

const never = new AbortController().signal;
const session: SourceSessionView = { pid: 7, startedAt: "x", state: "active", waits: "" };
const access = (): Promise<SourceAccess> =>
  Promise.resolve({ name: "ECC", configuration: {}, password: "CANARY-x" } as unknown as SourceAccess);

function ending(over: Partial<Ending> & { proofs?: Proof[] }): Ending {
  const { proofs = [], ...rest } = over;
  return {
    plan: { executionId: "e" } as Ending["plan"],
    sessions: () => [],
    touched: () => true,
    neverOpened: () => false,
    stopAsked: () => true,
    workerGone: () => true,
    committing: () => false,
    declared: never,
    abort: () => true,
    kill: () => true,
    changed: ({ signal }) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => {
          resolve();
        });
      }),
    record: async (proof) => void proofs.push(proof),
    step: async () => undefined,
    ...rest,
  };
}

test("an empty list is believed only once the worker is gone", async () => {
  const { source, calls } = scripted([[]]);
  let looks = 0;
  const proof = await endUntilProven(
    ending({ workerGone: () => ++looks > 12 }),
    { clock: fakeClock(), second: new SecondConnection(source, access) },
    { signal: never },
  );
  expect(proof.level).toBe("source idle");
  expect(calls.filter((call) => call === "read 0").length).toBeGreaterThan(1);
});

test("a list that cannot be read is unknown, never empty: the loop goes on until it can", async () => {
  const proofs: Proof[] = [];
  const { source, calls } = scripted([...Array<"unreadable">(50).fill("unreadable"), []]);
  const proof = await endUntilProven(
    ending({ proofs }),
    { clock: fakeClock(), second: new SecondConnection(source, access) },
    { signal: never },
  );
  expect(calls.filter((call) => call === "unreadable")).toHaveLength(50);
  expect(proof.level).toBe("source idle");
  expect(proofs[0]).toMatchObject({ level: "worker gone" });
  expect(proofs[0]?.note).toContain("cannot be read");
});

test("without a way to connect it is unknown too, and asked for anew", async () => {
  const { source, calls } = scripted([[]]);
  let asked = 0;
  const late = (): Promise<SourceAccess | null> => {
    asked += 1;
    if (asked === 1) return Promise.reject(new Error("the password cannot be opened"));
    return asked === 2 ? Promise.resolve(null) : access();
  };
  const proofs: Proof[] = [];
  await endUntilProven(
    ending({ proofs }),
    { clock: fakeClock(), second: new SecondConnection(source, late) },
    { signal: never },
  );
  expect(proofs.map(({ level }) => level)).toEqual(["worker gone", "worker gone", "source idle"]);
  expect(calls).toEqual(["read 0"]);
});

test("a session is cancelled at once, again at 0.25, 0.5, 1 and 2 s, and terminated from 5 s on", async () => {
  const clock = fakeClock();
  const began = clock.now();
  const steps: EndStep[] = [];
  const { source, calls } = scripted([...Array.from({ length: 12 }, () => [session]), []]);
  await endUntilProven(
    ending({ step: async (step) => void steps.push(step) }),
    { clock, second: new SecondConnection(source, access) },
    { signal: never },
  );
  const at = (wanted: string): number[] =>
    steps.filter(({ step }) => step === wanted).map((step) => step.at - began);
  expect(at("cancelled at the source")).toEqual([0, 250, 500, 1000, 2000]);
  expect(at("terminated at the source")).toEqual([terminateAfterMs]);
  expect(calls.lastIndexOf("cancel")).toBeLessThan(calls.indexOf("terminate"));
  expect(steps.at(-1)?.step).toBe("source idle");
});

test.each([
  ["runs nothing", { ...session, state: "idle" }],
  ["is held back in sending", { ...session, waits: "Client:ClientWrite" }],
])("a session that %s is terminated at once: a cancel would do nothing to it", async (_, deaf) => {
  const { source, calls } = scripted([[session], [deaf], []]);
  await endUntilProven(
    ending({}),
    { clock: fakeClock(), second: new SecondConnection(source, access) },
    { signal: never },
  );
  expect(calls).toEqual(["read 1", "cancel", "read 1", "terminate", "read 0"]);
});

test("a declaration counts once the worker is gone, and the real proof comes before it where it can be had", async () => {
  const declaration = new AbortController();
  declaration.abort('declared over by key "lead": host down');
  let looks = 0;
  const steps: EndStep[] = [];
  const { source, calls } = scripted(["unreadable"]);
  const proof = await endUntilProven(
    ending({
      declared: declaration.signal,
      workerGone: () => ++looks > 4,
      step: async (step) => void steps.push(step),
    }),
    { clock: fakeClock(), second: new SecondConnection(source, access) },
    { signal: never },
  );
  expect(proof).toMatchObject({ level: "declared", note: 'declared over by key "lead": host down' });
  expect(calls.length).toBeLessThan(10);
  expect(steps.map(({ step }) => step)).toContain("declared");
  expect(steps.map(({ step }) => step)).not.toContain("source idle");
});

test("a run that ended by itself gets a moment before its sessions are cancelled", async () => {
  const { source, calls } = scripted([[session], [session], []]);
  await endUntilProven(
    ending({ stopAsked: () => false }),
    { clock: fakeClock(), second: new SecondConnection(source, access) },
    { signal: never },
  );
  expect(calls).toEqual(["read 1", "read 1", "read 0"]);
});

test("a worker that does not end is told again and killed from 15 s on", async () => {
  const clock = fakeClock();
  let gone = false;
  let told = 0;
  const began = clock.now();
  await endUntilProven(
    ending({
      workerGone: () => gone,
      abort: () => (told += 1) > 0,
      kill: () => {
        expect(clock.now() - began).toBeGreaterThanOrEqual(killAfterMs);
        gone = true;
        return true;
      },
    }),
    { clock, second: new SecondConnection(scripted([[]]).source, access) },
    { signal: never },
  );
  expect(told).toBeGreaterThan(3);
});

test("without a connect there is nothing to look for; with a failed one an unreadable source is no obstacle", async () => {
  const untouched = scripted(["unreadable"]);
  await endUntilProven(
    ending({ touched: () => false }),
    { clock: fakeClock(), second: new SecondConnection(untouched.source, access) },
    { signal: never },
  );
  expect(untouched.calls).toEqual([]);
  const refused = scripted(["unreadable"]);
  const proof = await endUntilProven(
    ending({ neverOpened: () => true, stopAsked: () => false }),
    { clock: fakeClock(), second: new SecondConnection(refused.source, access) },
    { signal: never },
  );
  expect(refused.calls).toEqual(["unreadable"]);
  expect(proof.level).toBe("source idle");
});

test("a source that cannot be read for long is asked less and less often, and never given up", async () => {
  const { source, calls } = scripted(["unreadable"]);
  const clock = fakeClock();
  const stop = new AbortController();
  const looks: number[] = [];
  const record = async (): Promise<void> => {
    looks.push(clock.monotonic());
    if (looks.length === 40) stop.abort(new Error("enough"));
  };
  // In other words each time, so that each look is recorded.
  source.control = async () =>
    Promise.reject(new RetryableSourceError(`refused ${String(looks.length)}`, { operation: "connect" }));
  await expect(
    endUntilProven(
      ending({ record }),
      { clock, second: new SecondConnection(source, access) },
      { signal: stop.signal },
    ),
  ).rejects.toThrow("enough");
  const began = looks[0] ?? 0;
  const pauses = looks.slice(1).map((at, index) => ({ at: at - began, ms: at - (looks[index] ?? 0) }));
  const late = pauses.filter(({ at }) => at > 45_000);
  expect(late.length).toBeGreaterThan(10);
  expect(new Set(late.map(({ ms }) => ms))).toEqual(new Set([10_000]));
  const early = pauses.filter(({ at }) => at < 25_000).map(({ ms }) => ms);
  expect(early).toEqual(early.toSorted((a, b) => a - b));
  expect(Math.max(...early)).toBe(2000);
  expect(calls).toEqual([]);
});

test.each([
  { committing: false, least: 15_000, most: 20_000 },
  { committing: true, least: 60_000, most: 65_000 },
])("a worker that does not end is killed; in a COMMIT ($committing) it first gets its time", async (one) => {
  const { source } = scripted([[]]);
  const clock = fakeClock();
  const began = clock.monotonic();
  let killedAt: number | null = null;
  await endUntilProven(
    ending({
      committing: () => one.committing,
      workerGone: () => killedAt !== null,
      kill: () => {
        killedAt ??= clock.monotonic() - began;
        return true;
      },
    }),
    { clock, second: new SecondConnection(source, access) },
    { signal: never },
  );
  expect(killedAt).toBeGreaterThanOrEqual(one.least);
  expect(killedAt).toBeLessThan(one.most);
});

test("the end of the server ends the loop without a proof", async () => {
  const stop = new AbortController();
  const { source } = scripted([[session]]);
  let looks = 0;
  await expect(
    endUntilProven(
      ending({
        workerGone: () => {
          if (++looks > 20) stop.abort(new Error("server ends"));
          return true;
        },
      }),
      { clock: fakeClock(), second: new SecondConnection(source, access) },
      { signal: stop.signal },
    ),
  ).rejects.toThrow("server ends");
});
