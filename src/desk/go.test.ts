import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { noDeskSettings } from "../model/desk-settings.ts";
import type {
  TeamGo,
  TeamHold,
  TeamJob,
  TeamOtherConnection,
  TeamOtherExecution,
  TeamSettlement,
  TeamSourceLook,
} from "../model/team.ts";
import { goOrNot } from "./go.ts";
import type { GoTeam } from "./go.ts";
import { verdictText } from "./text.ts";

const clock: Clock = { now: () => 1000, monotonic: () => 1000, sleep: () => Promise.resolve() };
const never = new AbortController().signal;

const job = (facts: Partial<TeamJob>): TeamJob => ({
  id: "a",
  name: "A",
  status: "SUCCESS",
  executionId: "a-1",
  startedAt: 0,
  rows: null,
  stopping: null,
  declared: null,
  ...facts,
});
const hold: TeamHold = {
  id: "h-1",
  scope: "job",
  objectId: "a",
  by: "basis",
  reason: "patch night",
  since: 0,
  until: Date.UTC(2026, 5, 18, 17),
};
const queued: Partial<TeamGo> = {
  jobs: [job({ status: "QUEUED", executionId: "a-2", startedAt: null })],
  starts: [{ executionId: "a-2", jobId: "a", jobName: "A", queuedAt: 0, when: "held", heldBy: ["h-1"] }],
  holds: [hold],
};
const ecc = (facts: Partial<TeamSourceLook>): TeamSourceLook => ({
  connectionId: "c",
  connectionName: "ECC",
  readAt: 0,
  why: null,
  executionIds: [],
  others: [],
  ...facts,
});
const declared = (seen: TeamSettlement["seen"]): TeamSettlement => ({
  executionId: "a-1",
  at: 0,
  by: "night",
  because: "host down",
  seen,
  seenNote: "as told",
});
const dark = ecc({ readAt: null, why: "connection refused" });

/** A team whose looks go through the list; the last one is said for ever. */
function teamOf(
  looks: Partial<TeamGo>[],
  proves: "source" | "word" = "source",
): GoTeam & { asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    proves: () => Promise.resolve(proves),
    settings: () => Promise.resolve(noDeskSettings),
    jobs: () => Promise.resolve([]),
    connections: () =>
      Promise.resolve([
        { id: "c", name: "ECC" },
        { id: "d", name: "S4" },
        { id: "e", name: "S4" },
      ]),
    go: (scope) => {
      const look = looks[Math.min(asked.push(scope), looks.length) - 1] ?? {};
      return Promise.resolve({ jobs: [job({})], holds: [], starts: [], sources: [ecc({})], ...look });
    },
  };
}

const other = (facts: Partial<TeamOtherExecution>): TeamOtherExecution => ({
  executionId: "b-1",
  jobName: "B",
  status: "RUNNING",
  endingSince: null,
  seen: null,
  ...facts,
});
const s4 = (executions: TeamOtherExecution[]): TeamOtherConnection => ({
  connectionId: "d",
  connectionName: "S4",
  poolName: "P",
  executions,
});
const unnamed = { executionId: "(of another pool)", jobName: null } as const;
const hidden: TeamOtherConnection = {
  connectionId: null,
  connectionName: null,
  poolName: null,
  executions: [
    other(unnamed),
    other({ ...unnamed, status: "QUEUED" }),
    other({ ...unnamed, status: "QUEUED" }),
  ],
};

const go = (team: GoTeam, connection: string | null = null) =>
  goOrNot(team, { poolId: "p", connection, clock }, { signal: never });

test.each<[string, Partial<TeamGo>, number, RegExp]>([
  ["all is over and the source agrees", {}, 0, /^0 of 1 job run or wait to run$/],
  [
    "the source is down already, and all ended with proof",
    { sources: [dark] },
    0,
    /source "ECC" cannot be read now, but all that ran here ended with proof: connection refused$/,
  ],
  [
    "something runs, seen at the source",
    { jobs: [job({ status: "RUNNING" })], sources: [ecc({ executionIds: ["a-1"] })] },
    10,
    /^1 of 1 job RUNNING or QUEUED$/,
  ],
  [
    "something is queued, even when held",
    queued,
    10,
    /"A" held until 2026-06-18 17:00:00 UTC by key "basis": patch night$/,
  ],
  [
    "a session of another pool or server",
    { sources: [ecc({ executionIds: ["x-9"] })] },
    20,
    /source "ECC" has a session of execution x-9, which is not of this scope/,
  ],
  [
    "a session of a run that is over",
    { sources: [ecc({ executionIds: ["a-1"] })] },
    20,
    /session of execution a-1, of job "A", which is SUCCESS$/,
  ],
  [
    "a session of a run that still waits",
    { ...queued, sources: [ecc({ executionIds: ["a-2"] })] },
    20,
    /session of execution a-2, of job "A", which is QUEUED$/,
  ],
  [
    "something waits that reads the source by another connection",
    { sources: [ecc({ others: [s4([other({ status: "QUEUED" })])] })] },
    10,
    /^0 of 1 job run or wait to run; connection "S4" of pool "P" leads to source "ECC" too: "B" QUEUED$/,
  ],
  [
    "something runs by another connection, and is seen at the source",
    { sources: [ecc({ executionIds: ["b-1"], others: [s4([other({})])] })] },
    10,
    /leads to source "ECC" too: "B" RUNNING$/,
  ],
  [
    "something whose end is not proven in time runs by another connection",
    { sources: [ecc({ others: [s4([other({ endingSince: -60_000 })])] })] },
    20,
    /leads to source "ECC" too: "B" RUNNING$/,
  ],
  [
    "of a pool that may not be seen only that and how many",
    { sources: [ecc({ executionIds: ["(of another pool)"], others: [hidden] })] },
    10,
    /^0 of 1 job run or wait to run; another pool leads to source "ECC" too: 1 RUNNING, 2 QUEUED$/,
  ],
  [
    "a run of another connection was declared over",
    { sources: [ecc({ others: [s4([other({ status: "DECLARED", seen: "unknown" })])] })] },
    4,
    /leads to source "ECC" too: "B" declared over without proof \(a person says so/,
  ],
  [
    "a run of another connection was declared over, and was not",
    { sources: [ecc({ others: [s4([other({ status: "DECLARED", seen: "busy" })])] })] },
    20,
    /declared over without proof$/,
  ],
  [
    "another connection leads there, and nothing of it runs or waits",
    { sources: [ecc({ others: [s4([])] })] },
    0,
    /^0 of 1 job run or wait to run$/,
  ],
  ["what waits is held by a hold that is not told", { ...queued, holds: [] }, 10, /; "A" held by hold h-1$/],
  [
    "a declaration is open",
    { jobs: [job({ status: "CANCEL", declared: declared("unknown") })], sources: [dark] },
    4,
    /^0 of 1 job run or wait to run, 1 of 1 job declared over without proof; source "ECC" cannot be read now: .*\(a person says so/,
  ],
  [
    "a declaration is open and was wrong",
    { jobs: [job({ status: "CANCEL", declared: declared("busy") })] },
    20,
    /^1 of 1 job UNKNOWN$/,
  ],
  [
    "a declaration of an earlier run is open while a new one runs",
    {
      jobs: [
        job({ status: "RUNNING", executionId: "a-2", declared: declared("unknown") }),
        job({ id: "b", name: "B" }),
      ],
    },
    10,
    /^1 of 2 jobs RUNNING or QUEUED$/,
  ],
])("%s", async (_, look, code, reason) => {
  const verdict = await go(teamOf([look]));
  expect(verdict).toMatchObject({ code, reason: expect.stringMatching(reason) });
});

test("a run that ended between the look at the source and at the jobs is no stranger", async () => {
  const team = teamOf([{ sources: [ecc({ executionIds: ["a-1"] })] }, {}]);
  expect((await go(team)).code).toBe(0);
  expect(team.asked).toHaveLength(2);
});

test("a team that only says so is REPORTED CLEAR", async () => {
  expect(await go(teamOf([{ sources: [] }], "word"))).toMatchObject({
    code: 4,
    reason: "0 of 1 job run or wait to run (the platform says so; the source was not seen)",
  });
});

test("a connection is meant by its id or whole name, or it is USAGE and nothing is asked", async () => {
  for (const name of ["c", "ECC"]) {
    const team = teamOf([{}]);
    expect((await go(team, name)).code).toBe(0);
    expect(team.asked).toEqual([{ poolId: "p", connectionId: "c" }]);
  }
  for (const [name, reason] of [
    ["EC", /no connection of this pool has the name or id "EC"; there are "ECC", "S4", "S4"$/],
    ["S4", /2 connections are meant by "S4": name one by its id$/],
    ["", /no connection/],
  ] as const) {
    const team = teamOf([{}]);
    expect(await go(team, name)).toMatchObject({ code: 50, reason: expect.stringMatching(reason) });
    expect(team.asked).toEqual([]);
  }
});

test("as text: jobs, holds, what waits, sources; a reason fools nobody", async () => {
  const reason = 'x\nCODE 0 REASON "';
  const look = {
    ...queued,
    holds: [{ ...hold, reason }],
    sources: [ecc({ executionIds: ["x-9"], others: [s4([]), hidden] }), dark],
  };
  const lines = verdictText(await go(teamOf([look]))).split("\n");
  expect(lines.slice(0, -2)).toEqual([
    "NIGHTDESK UNKNOWN",
    expect.stringMatching(/^ {2}"A" QUEUED, execution a-2, held until .*: x\\u\{a\}CODE 0 REASON "$/),
    expect.stringMatching(
      /^ {2}HOLD job "A" held until .* by key "basis": x\\u\{a\}CODE.*, since 1970-01-01 00:00:00 UTC, hold h-1$/,
    ),
    '  NEXT "A" starts when its hold ends, queued since 1970-01-01 00:00:00 UTC, execution a-2',
    '  SOURCE "ECC" read 1970-01-01 00:00:00 UTC: execution x-9 (not running in this scope)',
    '  ALSO connection "S4" of pool "P" leads to source "ECC" too: nothing of it runs or waits',
    '  ALSO another pool leads to source "ECC" too: 1 RUNNING, 2 QUEUED',
    '  SOURCE "ECC" cannot be read now: connection refused',
  ]);
  expect(lines.at(-2)).toMatch(/^CODE 20 REASON .* NEXT do not shut down the source; escalate$/);
});
