import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { noDeskSettings } from "../model/desk-settings.ts";
import { TeamError } from "../model/team.ts";
import type { TeamFailure, TeamJob, TeamSettlement } from "../model/team.ts";
import { lookAtPool } from "./look.ts";
import { stopAndProve } from "./stop-and-prove.ts";
import type { StopScope, StopTeam } from "./stop-and-prove.ts";

/** Time that passes only while everything sleeps: the earliest sleeper is woken when nothing else is left to do. */
function sleepersClock(): Clock {
  let time = 0;
  const sleepers: { due: number; wake: () => void }[] = [];
  const pump = (): void => {
    sleepers.sort((a, b) => a.due - b.due);
    const next = sleepers.shift();
    if (next === undefined) return;
    time = Math.max(time, next.due);
    next.wake();
  };
  return {
    now: () => 1_000_000_000 + time,
    monotonic: () => time,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = (): void => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          reject(signal?.reason);
        };
        const wake = (): void => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        };
        const sleeper = { due: time + ms, wake };
        sleepers.push(sleeper);
        signal?.addEventListener("abort", onAbort, { once: true });
        setImmediate(pump);
      }),
  };
}

const job = (facts: Partial<TeamJob>): TeamJob => ({
  id: "a",
  name: "A",
  status: "RUNNING",
  executionId: "a-1",
  startedAt: 1,
  rows: null,
  stopping: null,
  declared: null,
  ...facts,
});

const failures = ["denied", "not-found", "unreachable", "invalid", "conflict", "unable", "unknown"] as const;

type Reply<T> = T | TeamFailure | "silence";

/** What a team says, look by look; the last one is said for ever. */
interface Story {
  proves: "source" | "word";
  looks: Reply<TeamJob[]>[];
  stop: Reply<"accepted" | "other-execution">;
}

function teamOf(story: Story): StopTeam & { said: TeamJob[][]; stops: number } {
  let looks = 0;
  const reply = <T>(answer: Reply<T>, signal: AbortSignal): Promise<T> => {
    if (answer === "silence") {
      return new Promise((_, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
    const failure = failures.find((one) => one === answer);
    return failure === undefined
      ? Promise.resolve(answer as T)
      : Promise.reject(new TeamError(failure, "as told"));
  };
  const team = {
    said: [] as TeamJob[][],
    stops: 0,
    proves: () => Promise.resolve(story.proves),
    settings: () => Promise.resolve(noDeskSettings),
    partial: () => false,
    jobs: async (_: string, { signal }: { signal: AbortSignal }) => {
      const jobs = await reply(story.looks[Math.min(looks++, story.looks.length - 1)] ?? "silence", signal);
      team.said.push(jobs);
      return jobs;
    },
    stopAll: () => Promise.resolve(false),
    stop: (_: unknown, { signal }: { signal: AbortSignal }) => {
      team.stops++;
      return reply(story.stop, signal);
    },
  };
  return team;
}

const scopeOf = (clock: Clock, facts: Partial<StopScope> = {}): StopScope => ({
  poolId: "pool",
  job: "A",
  executionId: null,
  all: false,
  waitMs: 60_000,
  reason: null,
  clock,
  ...facts,
});

const never = new AbortController().signal;

const over = (status: string | null): boolean =>
  status === null || ["SUCCESS", "CANCEL", "FAIL", "SKIPPED"].includes(status);

const declaredAs = (seen: TeamSettlement["seen"]): TeamSettlement => ({
  executionId: "x-1",
  at: 1,
  by: "night",
  because: "host down",
  seen,
  seenNote: "as told",
});

/** Of a job that is over: what the answer can be at best, 20 if a session of it was seen. */
const bestOf = ({ declared }: TeamJob, proves: "source" | "word"): number => {
  if (declared?.seen === "busy") return 20;
  return proves === "word" || declared?.seen === "unknown" ? 4 : 0;
};

const anyJob = (id: string): fc.Arbitrary<TeamJob> =>
  fc.record({
    id: fc.constant(id),
    name: fc.constant(id.toUpperCase()),
    status: fc.constantFrom(
      "RUNNING",
      "RUNNING",
      "RUNNING",
      "QUEUED",
      "SUCCESS",
      "CANCEL",
      "FAIL",
      "SKIPPED",
      null,
      "CANCELLING",
      "success",
    ),
    executionId: fc.constantFrom("x-1", "x-2", null),
    startedAt: fc.constantFrom(1, 2, null),
    rows: fc.constant(null),
    stopping: fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      {
        weight: 1,
        arbitrary: fc.record({
          requestedAt: fc.integer({ min: 999_000_000, max: 1_000_100_000 }),
          level: fc.constant("recorded"),
          why: fc.constant(""),
        }),
      },
    ),
    declared: fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom("unknown", "busy", "idle").map(declaredAs) },
    ),
  });
const anyFailure = fc.constantFrom<TeamFailure | "silence">(...failures, "silence");
const anyLook = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(anyJob("a"), anyJob("b")) },
  { weight: 1, arbitrary: anyFailure },
);
const anyStory: fc.Arbitrary<Story> = fc.record({
  proves: fc.constantFrom("source", "word"),
  // A first look that is never answered is ended by the client's limits, not by the desk.
  looks: fc
    .tuple(
      anyLook.filter((look) => look !== "silence"),
      fc.array(anyLook, { maxLength: 5 }),
    )
    .map(([first, rest]) => [first, ...rest]),
  stop: fc.oneof(fc.constantFrom("accepted" as const, "other-execution" as const), anyFailure),
});

test("0 and 4 only if the last fresh read shows every job of the scope over, and 0 only with proof", async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(
      anyStory,
      fc.boolean(),
      fc.constantFrom(null, "x-1"),
      fc.boolean(),
      async (story, all, executionId, answersEarly) => {
        const team = teamOf(story);
        const meant = all ? { all, job: null } : { executionId };
        const scope = scopeOf(sleepersClock(), { ...meant, answersEarly });
        const verdict = await stopAndProve(team, scope, { signal: never });
        seen.set(verdict.code, (seen.get(verdict.code) ?? 0) + 1);
        const last = (team.said.at(-1) ?? []).filter(({ id }) => all || id === "a");
        const allOver =
          last.length > 0 && last.every(({ status, stopping }) => over(status) && stopping === null);
        const readAfterRequest = team.stops === 0 || team.said.length > 1;
        const best = Math.max(...last.map((one) => bestOf(one, story.proves)));
        expect([10, 20, 30, 40, 50, ...(allOver && readAfterRequest ? [best] : [])]).toContain(verdict.code);
        expect(verdict.code === 40 && team.stops > 0).toBe(false);
      },
    ),
    { numRuns: 1500 },
  );
  // The stories are rich enough to reach every answer.
  const missing = [0, 4, 10, 20, 30, 40, 50].filter((code) => (seen.get(code) ?? 0) === 0);
  expect(missing).toEqual([]);
});

test("a status is clear exactly if every job is over; the worst job decides", async () => {
  await fc.assert(
    fc.asyncProperty(anyStory, async (story) => {
      const team = teamOf(story);
      const verdict = await lookAtPool(
        team,
        { poolId: "pool", job: null, clock: sleepersClock() },
        { signal: never },
      );
      const [jobs] = team.said;
      const clear =
        jobs !== undefined &&
        jobs.every(
          ({ status, stopping, declared }) => over(status) && stopping === null && declared?.seen !== "busy",
        );
      const best = clear ? Math.max(...jobs.map((one) => bestOf(one, story.proves))) : null;
      expect(verdict.code <= 4 ? verdict.code : null).toBe(best);
      const strange = jobs?.some(({ status }) => status === "CANCELLING" || status === "success") ?? false;
      expect(strange && verdict.code !== 20).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test("a team that keeps RUNNING is UNKNOWN when the wait is over, and was looked at all the time", async () => {
  const clock = sleepersClock();
  const team = teamOf({ proves: "source", looks: [[job({})]], stop: "accepted" });
  const progress: number[] = [];
  const verdict = await stopAndProve(team, scopeOf(clock), {
    signal: never,
    onProgress: ({ elapsedMs }) => progress.push(elapsedMs),
  });
  expect(verdict).toMatchObject({ code: 20, reason: "NOT PROVEN: still RUNNING after 60 s" });
  expect(clock.monotonic()).toBe(60_000);
  expect(progress.length).toBeGreaterThan(55);
  expect(team.stops).toBe(1);
});

const stoppingFor = (ms: number): Partial<TeamJob> => ({
  stopping: { requestedAt: sleepersClock().now() - ms, level: "recorded", why: "a session is left" },
});

test.each<[string, Partial<TeamJob>, number, RegExp]>([
  ["open within its minute", stoppingFor(50_000), 10, /^NOT PROVEN: stopping: stop asked for 60 s ago/],
  ["open after its minute", stoppingFor(60_000), 20, /^NOT PROVEN: ending, not proven: .* 70 s ago/],
  ["open, and the team tells no time", {}, 10, /^NOT PROVEN$/],
  ["over", { status: "CANCEL" }, 0, /^STOPPED$/],
])("an early answer about a stop that is %s", async (_, facts, code, reason) => {
  const clock = sleepersClock();
  const team = teamOf({ proves: "source", looks: [[job({})], [job(facts)]], stop: "accepted" });
  const scope = scopeOf(clock, { waitMs: 10_000, answersEarly: true });
  const verdict = await stopAndProve(team, scope, { signal: never });
  expect(verdict).toMatchObject({ code, reason: expect.stringMatching(reason) });
  expect(clock.monotonic()).toBe(code === 0 ? 0 : 10_000);
});

test("an early answer has asked for every stop, and rests on a look after that, even without a wait", async () => {
  const many = Array.from({ length: 20 }, (_, n) => job({ id: `a-${String(n)}`, name: `A${String(n)}` }));
  const looks = [many, many.map((one) => ({ ...one, status: "CANCEL" }))];
  const team = teamOf({ proves: "source", looks, stop: "accepted" });
  const facts = { waitMs: 0, answersEarly: true, all: true, job: null };
  const verdict = await stopAndProve(team, scopeOf(sleepersClock(), facts), { signal: never });
  expect(verdict).toMatchObject({ code: 0, reason: "20 STOPPED" });
  expect(team.stops).toBe(20);
});

test.each<[string, Partial<Story>]>([
  ["the last look failed", { looks: [[job({})], "unreachable"] }],
  ["whether the stop arrived is not known", { stop: "unreachable" }],
  ["nothing is answered any more", { looks: [[job({})], "silence"], stop: "silence" }],
])("an early answer is UNKNOWN where %s", async (_, facts) => {
  const team = teamOf({ proves: "source", looks: [[job({})]], stop: "accepted", ...facts });
  const scope = scopeOf(sleepersClock(), { waitMs: 5000, answersEarly: true });
  expect((await stopAndProve(team, scope, { signal: never })).code).toBe(20);
});

test("settings that cannot be read keep no answer back", async () => {
  const team = teamOf({
    proves: "source",
    looks: [[job({})], [job({ status: "CANCEL" })]],
    stop: "accepted",
  });
  team.settings = () => Promise.reject(new TeamError("unknown", "as told"));
  expect((await stopAndProve(team, scopeOf(sleepersClock()), { signal: never })).code).toBe(0);
});

test("a look that hangs is cut soon after the wait", async () => {
  const clock = sleepersClock();
  const team = teamOf({ proves: "source", looks: [[job({})], "silence"], stop: "silence" });
  expect((await stopAndProve(team, scopeOf(clock), { signal: never })).code).toBe(20);
  expect(clock.monotonic()).toBe(65_000);
});

test.each<[string, Partial<TeamJob>, number, string]>([
  ["it was cancelled", { status: "CANCEL" }, 0, "STOPPED"],
  ["it ended by itself", { status: "SUCCESS" }, 0, "FINISHED BY ITSELF"],
  ["it failed", { status: "FAIL" }, 0, "FINISHED BY ITSELF"],
  [
    "a newer one runs",
    { executionId: "a-2" },
    10,
    "OTHER EXECUTION: newer execution a-2 RUNNING; left alone",
  ],
  [
    "a newer one waits",
    { executionId: "a-2", status: "QUEUED" },
    10,
    "OTHER EXECUTION: newer execution a-2 QUEUED; left alone",
  ],
  [
    "a newer one, told by its start",
    { executionId: null, startedAt: 2 },
    10,
    "OTHER EXECUTION: newer execution (id not told) RUNNING; left alone",
  ],
  [
    "a newer one ended too",
    { executionId: "a-2", status: "SUCCESS" },
    0,
    "OTHER EXECUTION: a newer execution a-2 ended",
  ],
  [
    "a person declared it over",
    { status: "CANCEL", declared: { ...declaredAs("unknown"), executionId: "a-1" } },
    4,
    'DECLARED: declared over by key "night": host down; the source since: as told (a person says so; the source was not seen since)',
  ],
  [
    "a person declared it over and the source says otherwise",
    { status: "CANCEL", declared: { ...declaredAs("busy"), executionId: "a-1" } },
    20,
    'NOT PROVEN: still CANCEL after 60 s; declared over by key "night": host down; the source since: as told',
  ],
  [
    "a person declared it over and the source has agreed",
    { status: "CANCEL", declared: { ...declaredAs("idle"), executionId: "a-1" } },
    0,
    "STOPPED",
  ],
  ["it never ran?", { status: null }, 20, "NOT PROVEN: after 60 s; reported as never run, though it ran"],
  [
    "a word nobody knows",
    { status: "CANCELLING" },
    20,
    "NOT PROVEN: still CANCELLING after 60 s; status word not known",
  ],
])("after the stop %s", async (_, facts, code, reason) => {
  const team = teamOf({ proves: "source", looks: [[job({})], [job(facts)]], stop: "accepted" });
  const verdict = await stopAndProve(team, scopeOf(sleepersClock()), { signal: never });
  expect(verdict).toMatchObject({ code, reason });
});

test("a job that vanished is not proven", async () => {
  const team = teamOf({ proves: "source", looks: [[job({})], []], stop: "accepted" });
  const verdict = await stopAndProve(team, scopeOf(sleepersClock()), { signal: never });
  expect(verdict.code).toBe(20);
  expect(verdict.reason).toContain("not listed any more");
});

test("a pool without jobs has nothing to stop", async () => {
  const team = teamOf({ proves: "source", looks: [[]], stop: "accepted" });
  const scope = scopeOf(sleepersClock(), { job: null, all: true });
  expect(await stopAndProve(team, scope, { signal: never })).toMatchObject({ code: 0 });
});

test.each<[string, Partial<StopScope>]>([
  ["no job", { job: null }],
  ["--all and a job", { all: true }],
  ["--all and an execution", { all: true, job: null, executionId: "a-1" }],
  ["an unknown job", { job: "B" }],
])("%s is USAGE and nothing is asked", async (_, facts) => {
  const team = teamOf({ proves: "source", looks: [[job({})]], stop: "accepted" });
  const verdict = await stopAndProve(team, scopeOf(sleepersClock(), facts), { signal: never });
  expect(verdict.code).toBe(50);
  expect(verdict.jobs).toHaveLength(1);
  expect(team.stops).toBe(0);
});

test("an interrupt before anything was asked says that", async () => {
  const team = teamOf({ proves: "source", looks: ["silence"], stop: "accepted" });
  const interrupt = new AbortController();
  const verdict = stopAndProve(team, scopeOf(sleepersClock()), { signal: interrupt.signal });
  interrupt.abort(new Error("SIGINT"));
  expect(await verdict).toMatchObject({ code: 20, reason: "interrupted before a stop was asked for" });
});
