/** What probes may make of a team's word: the rules as a table, and what is read when. */
import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { noDeskSettings } from "../model/desk-settings.ts";
import type { ProbeLook, TeamProbe } from "../model/probe.ts";
import type { Team, TeamJob } from "../model/team.ts";
import { goOrNot } from "./go.ts";
import { lookAtPool } from "./look.ts";
import { probedTeam } from "./probed-team.ts";
import { stopAndProve } from "./stop-and-prove.ts";
import { verdictText } from "./text.ts";
import type { Verdict } from "./verdict.ts";

const never = new AbortController().signal;
const start = Date.UTC(2026, 5, 18, 15);

/** Time that passes only while everything sleeps: the earliest sleeper is woken when nothing else is left to do. */
function quickClock(): Clock & { slept: number[] } {
  let time = 0;
  const slept: number[] = [];
  let sleepers: { due: number; wake: () => void }[] = [];
  const wakeFirst = (): void => {
    const [first] = sleepers.toSorted((one, other) => one.due - other.due);
    if (first === undefined) return;
    sleepers = sleepers.filter((one) => one !== first);
    time = Math.max(time, first.due);
    first.wake();
  };
  return {
    slept,
    now: () => start + time,
    monotonic: () => time,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        slept.push(ms);
        const onAbort = (): void => {
          sleepers = sleepers.filter((other) => other !== one);
          reject(signal?.reason);
        };
        const wake = (): void => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        };
        const one = { due: time + ms, wake };
        sleepers.push(one);
        signal?.addEventListener("abort", onAbort, { once: true });
        setImmediate(wakeFirst);
      }),
  };
}

const job = (facts: Partial<TeamJob> = {}): TeamJob => ({
  id: "a",
  name: "A",
  status: "CANCEL",
  executionId: null,
  startedAt: 1,
  rows: null,
  stopping: null,
  declared: null,
  ...facts,
});
const running = job({ status: "RUNNING", executionId: "a-1" });

type Told = "clear" | "found" | "unknown";

/** A probe that tells one thing after the other; the last one for ever. */
function probe(
  told: Told[],
  clock: Clock,
  facts: Partial<TeamProbe> = {},
): TeamProbe & { looks: () => number } {
  let looks = 0;
  const look = async (): Promise<ProbeLook> => {
    const now = told[Math.min(looks++, told.length - 1)];
    const at = clock.now();
    if (now === "clear") return { clear: true, at };
    return now === "found"
      ? { clear: false, found: ["BERTA 1", "BERTA 2", "BERTA 3"], at }
      : { unknown: "ORA-12541" };
  };
  return {
    name: "ECC sessions",
    poolId: "p",
    jobIds: null,
    againAfterMs: 2000,
    probe: { look },
    looks: () => looks,
    ...facts,
  };
}

/** A team that tells one list of jobs after the other; the last one for ever. */
function teamOf(
  reads: TeamJob[][],
  proves: "source" | "word" = "word",
): Team & { reads: number; stops: string[] } {
  const next = (): TeamJob[] => reads[Math.min(team.reads++, reads.length - 1)] ?? [];
  const unable = (): Promise<never> => Promise.reject(new Error("not asked for"));
  const team: Team & { reads: number; stops: string[] } = {
    reads: 0,
    stops: [],
    proves: async () => proves,
    settings: async () => noDeskSettings,
    partial: () => false,
    jobs: async () => next(),
    go: async () => ({ jobs: next(), holds: [], starts: [], sources: [] }),
    stop: async ({ jobId }) => {
      team.stops.push(jobId);
      return "accepted";
    },
    stopAll: async () => false,
    connections: async () => [],
    holds: unable,
    hold: unable,
    release: unable,
    settle: unable,
    receipt: unable,
  };
  return team;
}

const statusOf = (
  team: Team,
  probes: TeamProbe[],
  clock: Clock,
  only: string | null = null,
): Promise<Verdict> =>
  lookAtPool(
    probedTeam(team, probes, { job: only, clock }),
    { poolId: "p", job: only, clock },
    { signal: never },
  );

test.each<[status: string | null, told: Told[], code: number, looks: number]>([
  ["CANCEL", ["clear", "clear"], 0, 2],
  ["SUCCESS", ["clear", "clear"], 0, 2],
  ["FAIL", ["clear", "clear"], 0, 2],
  [null, ["clear", "clear"], 0, 2],
  ["CANCEL", ["clear", "found"], 10, 2],
  ["CANCEL", ["found", "clear"], 10, 1],
  ["SUCCESS", ["found"], 10, 1],
  [null, ["found"], 10, 1],
  ["CANCEL", ["unknown", "clear"], 4, 1],
  ["CANCEL", ["clear", "unknown"], 4, 2],
  // What runs by the team's own word runs, and a word that is not known stays unknown: nothing is looked at.
  ["RUNNING", ["clear"], 10, 0],
  ["QUEUED", ["clear"], 10, 0],
  ["CANCELLING", ["clear"], 20, 0],
])("the team says %s, the probe %j: code %i after %i looks", async (status, told, code, looks) => {
  const clock = quickClock();
  const one = probe(told, clock);
  const verdict = await statusOf(teamOf([[job({ status })]]), [one], clock);
  expect(verdict.code).toBe(code);
  expect(one.looks()).toBe(looks);
  expect(clock.slept).toEqual(looks === 2 ? [2000] : []);
  const go = await goOrNot(
    probedTeam(teamOf([[job({ status })]]), [probe(told, clock)], { job: null, clock }),
    { poolId: "p", connection: null, clock },
    { signal: never },
  );
  expect(go.code).toBe(code);
});

test.each<[why: string, probes: [told: Told, facts: Partial<TeamProbe>][], code: number]>([
  ["no probe at all", [], 4],
  ["a probe of another pool", [["clear", { poolId: "other" }]], 4],
  ["a probe of another job", [["clear", { jobIds: ["c"] }]], 4],
  ["one of two jobs covered", [["clear", { jobIds: ["a"] }]], 4],
  [
    "both covered, by one each",
    [
      ["clear", { jobIds: ["a"] }],
      ["clear", { name: "B", jobIds: ["b"] }],
    ],
    0,
  ],
  [
    "a second probe that cannot tell",
    [
      ["clear", {}],
      ["unknown", { name: "B", jobIds: ["b"] }],
    ],
    4,
  ],
  [
    "a second probe that finds",
    [
      ["clear", {}],
      ["found", { name: "B" }],
    ],
    10,
  ],
  [
    "found by one, unknown to the other",
    [
      ["unknown", {}],
      ["found", { name: "B" }],
    ],
    10,
  ],
])("two jobs that are over, %s: code %s", async (_why, told, code) => {
  const clock = quickClock();
  const probes = told.map(([says, facts]) => probe([says], clock, facts));
  const verdict = await statusOf(teamOf([[job(), job({ id: "b", name: "B" })]]), probes, clock);
  expect(verdict.code).toBe(code);
});

test("the answer names the probe and when it looked, what it found, or why it could not tell", async () => {
  const said = async (...told: Told[]): Promise<string[]> => {
    const clock = quickClock();
    const jobs = [job(), job({ id: "b", name: "B", status: "SUCCESS" })];
    return verdictText(await statusOf(teamOf([jobs]), [probe(told, clock)], clock)).split("\n");
  };
  const at = "2026-06-18 15:00:02 UTC";
  expect(await said("clear")).toEqual([
    "NIGHTDESK CLEAR",
    `  "A" CANCEL, started 1970-01-01 00:00:00 UTC, seen clear by probe "ECC sessions" at ${at}`,
    `  "B" SUCCESS, started 1970-01-01 00:00:00 UTC, seen clear by probe "ECC sessions" at ${at}`,
    `CODE 0 REASON 0 of 2 jobs run or wait to run (proven by probe "ECC sessions" at ${at})`,
    "",
  ]);
  expect((await said("found")).at(-2)).toBe(
    'CODE 10 REASON 2 of 2 jobs over, but seen at the source; over says the team, but probe "ECC sessions" found BERTA 1 | BERTA 2 ...',
  );
  expect((await said("unknown")).at(-2)).toBe(
    'CODE 4 REASON 0 of 2 jobs run or wait to run; probe "ECC sessions" could not tell: ORA-12541 (the platform says so; the source was not seen)',
  );
});

test("jobs without a probe are counted", async () => {
  const clock = quickClock();
  const jobs = [job(), job({ id: "b", name: "B" })];
  const { reason } = await statusOf(teamOf([jobs]), [probe(["clear"], clock, { jobIds: ["a"] })], clock);
  expect(reason).toBe(
    "0 of 2 jobs run or wait to run, 1 of 2 jobs without a probe (the platform says so; the source was not seen)",
  );
});

test("a job named probe-like words proves nothing", async () => {
  const clock = quickClock();
  const named = job({ name: 'A", seen clear by probe "ECC sessions' });
  const text = verdictText(await statusOf(teamOf([[named]]), [probe(["unknown"], clock)], clock));
  expect(text).toContain('  "A\\", seen clear by probe \\"ECC sessions" CANCEL');
  expect(text).toContain("NIGHTDESK REPORTED CLEAR");
});

test.each<[what: string, after: TeamJob, code: number]>([
  ["starts", running, 10],
  ["is queued", job({ status: "QUEUED" }), 10],
  ["ran and ended", job({ startedAt: 2 }), 4],
  ["ran and failed", job({ status: "FAIL" }), 4],
])("a job that %s while the probe looks is not proven", async (_what, after, code) => {
  const clock = quickClock();
  const verdict = await statusOf(teamOf([[job()], [after]]), [probe(["clear"], clock)], clock);
  expect(verdict.code).toBe(code);
});

test("of one job only that is looked at, whatever else runs", async () => {
  const clock = quickClock();
  const own = probe(["clear"], clock, { jobIds: ["a"] });
  const other = probe(["found"], clock, { name: "other", jobIds: ["b"] });
  const jobs = [job(), job({ id: "b", name: "B", status: "RUNNING" })];
  expect((await statusOf(teamOf([jobs]), [own, other], clock, "A")).code).toBe(0);
  expect(other.looks()).toBe(0);
});

test("a Nightdesk's own proof stays, but what a probe finds there counts", async () => {
  const clock = quickClock();
  const codeOf = async (told: Told): Promise<number> =>
    (await statusOf(teamOf([[job()]], "source"), [probe([told], clock)], clock)).code;
  expect(await codeOf("unknown")).toBe(0);
  expect(await codeOf("clear")).toBe(0);
  expect(await codeOf("found")).toBe(10);
});

test("a look that is interrupted is UNKNOWN", async () => {
  const clock = quickClock();
  const ending = new AbortController();
  const one = probe(["clear"], clock, {
    probe: {
      look: ({ signal }) => {
        ending.abort(new Error("Ctrl-C"));
        return Promise.reject(signal.reason);
      },
    },
  });
  const team = probedTeam(teamOf([[job()]]), [one], { job: null, clock });
  const verdict = await lookAtPool(team, { poolId: "p", job: null, clock }, { signal: ending.signal });
  expect(verdict.code).toBe(20);
});

/** A stop of job A. */
async function stop(
  reads: TeamJob[][],
  told: Told[],
  { all = false }: { all?: boolean } = {},
): Promise<{ verdict: Verdict; stops: string[] }> {
  const clock = quickClock();
  const team = teamOf(reads);
  const only = all ? null : "A";
  const verdict = await stopAndProve(
    probedTeam(team, [probe(told, clock)], { job: only, clock }),
    { poolId: "p", job: only, executionId: null, all, waitMs: 60_000, reason: null, clock },
    { signal: never },
  );
  return { verdict, stops: team.stops };
}

test.each<[why: string, told: Told[], code: number, outcome: string]>([
  ["gone at once", ["clear"], 0, "STOPPED"],
  ["gone in the end", ["found", "found", "clear", "found", "clear"], 0, "STOPPED"],
  ["never gone", ["found"], 20, "NOT PROVEN"],
  ["not to be seen", ["unknown"], 4, "STOPPED"],
])("a stop that the team confirms, at the source %s", async (_why, told, code, outcome) => {
  const { verdict, stops } = await stop([[running], [job()]], told);
  expect(verdict.code).toBe(code);
  expect(verdict.jobs.map((one) => one.outcome)).toEqual([outcome]);
  expect(stops).toEqual(["a"]);
});

test("what the team itself still ends is not looked at, and the look that follows is about the same run", async () => {
  const clock = quickClock();
  const stopping = { requestedAt: 0, level: "requested", why: "its log is looked at once more" };
  const ending = job({ executionId: "a-1", stopping });
  const one = probe(["clear"], clock);
  expect((await statusOf(teamOf([[ending], [job()]]), [one], clock)).word).toBe("UNKNOWN");
  expect(one.looks()).toBe(0);
  expect((await stop([[running], [ending], [ending], [job()]], ["clear"])).verdict.code).toBe(0);
});

test("what the team tells of probes of its own counts beside those that are given", async () => {
  const clock = quickClock();
  const found = { name: "theirs", look: { clear: false as const, found: ["BERTA"], at: 1 } };
  const codeOf = async (
    own: TeamJob,
    probes: TeamProbe[] | (() => Promise<TeamProbe[]>),
  ): Promise<number> => {
    const team = probedTeam(teamOf([[own]]), probes, { job: null, clock });
    return (await lookAtPool(team, { poolId: "p", job: null, clock }, { signal: never })).code;
  };
  const clear = { name: "theirs", look: { clear: true as const, at: 1 } };
  expect(await codeOf(job({ probes: [found] }), [probe(["clear"], clock)])).toBe(10);
  expect(await codeOf(job({ probes: [clear] }), [probe(["unknown"], clock)])).toBe(4);
  expect(await codeOf(job({ probes: [clear] }), () => Promise.resolve([]))).toBe(0);
  expect(await codeOf(job(), () => Promise.resolve([probe(["clear"], clock)]))).toBe(0);
});

test("a stop that the source does not follow says what is still there", async () => {
  const { verdict } = await stop([[running], [job()]], ["found"]);
  expect(verdict.reason).toBe(
    'NOT PROVEN: after 60 s; over says the team, but probe "ECC sessions" found BERTA 1 | BERTA 2 ...',
  );
  expect(verdict.next).toBe("do not shut down the source; escalate");
});

test("a second stop, of a run that the team calls over and the source still has, asks for nothing and waits", async () => {
  const gone = await stop([[job()]], ["found", "found", "clear"]);
  expect(gone.verdict.code).toBe(0);
  expect(gone.verdict.reason).toMatch(/^WAS NOT RUNNING \(proven by probe "ECC sessions" at /);
  const stays = await stop([[job()]], ["found"]);
  expect(stays.verdict.code).toBe(20);
  const everything = await stop([[job(), job({ id: "b", name: "B" })]], ["found", "clear"], { all: true });
  expect(everything.verdict.code).toBe(0);
  expect([...gone.stops, ...stays.stops, ...everything.stops]).toEqual([]);
});

test("stop --all: what waits for the other's session is not said to have started", async () => {
  const b = job({ id: "b", name: "B", status: "SUCCESS" });
  const { verdict, stops } = await stop(
    [
      [running, b],
      [job(), b],
    ],
    ["found", "clear"],
    { all: true },
  );
  expect(verdict.code).toBe(0);
  expect(verdict.jobs.map((one) => one.outcome)).toEqual(["STOPPED", "WAS NOT RUNNING"]);
  expect(stops).toEqual(["a"]);
});
