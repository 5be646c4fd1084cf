import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../base/clock.ts";
import { TeamError } from "../model/team.ts";
import type { TeamSchedules } from "../model/team.ts";
import { readSchedules, withSchedules } from "./schedules.ts";
import { verdictText } from "./text.ts";
import { verdict } from "./verdict.ts";
import type { SchedulesReport, Verdict } from "./verdict.ts";

const now = Date.UTC(2026, 5, 18, 14, 52);
const job = (name: string, hold: SchedulesReport["starts"][number]["jobs"][number]["hold"] = null) => ({
  id: name,
  name,
  hold,
});
const etl = { id: "s", name: "hourly ETL", at: now + 480_000, why: null, jobs: [job("Finance documents")] };
const read = { readAt: now - 12_000, why: null, pending: false, starts: [etl] };

/** The lines of an answer that only has these schedules. */
function lines(schedules: TeamSchedules, facts: Parameters<typeof verdict>[2] = {}): string[] {
  const said = { ...verdict("REPORTED CLEAR", "STOPPED", facts), schedules: { ...schedules, now } };
  return verdictText(said).split("\n").slice(1, -2);
}

test("stopped, but 'hourly ETL' starts in 8 min", () => {
  expect(lines(read)).toEqual([
    '  NEXT schedule "hourly ETL" starts in 8 min, 2026-06-18 15:00:00 UTC: "Finance documents"; read 12 s ago',
  ]);
});

test.each([
  [-5000, "now"],
  [0, "now"],
  [59_000, "in 59 s"],
  [99_000, "in 99 s"],
  [100_000, "in 2 min"],
  [119 * 60_000, "in 119 min"],
  [120 * 60_000, "in 2 h 0 min"],
  [47 * 3_600_000 + 59 * 60_000, "in 47 h 59 min"],
  [48 * 3_600_000, "in 2 days"],
  [86_400_000 * 36, "in 36 days"],
])("%d ms from now: %s", (ms, words) => {
  expect(lines({ ...read, starts: [{ ...etl, at: now + ms }] })[0]).toContain(` starts ${words}, 2026-`);
});

test("many jobs are counted, and holds on them named with what they do", () => {
  const hold = { id: "h", note: "watch and stop" };
  const jobs = [job("A", hold), job("B"), job("C", hold), job("D"), job("E")];
  expect(lines({ ...read, starts: [{ ...etl, jobs }] })[0]).toContain(
    ': "A" (hold h), "B", "C" (hold h) and 2 more, watch and stop; read',
  );
});

test("what cannot be read, or is nothing, is said where the question is what will start", () => {
  const unread = { readAt: null, why: "HTTP 403", pending: false, starts: [] };
  const go = { starts: [] };
  expect(lines(unread)).toEqual([]);
  expect(lines(unread, go)).toEqual(["  NEXT schedules of the team are not known: HTTP 403"]);
  expect(lines({ ...read, starts: [] })).toEqual([]);
  expect(lines({ ...read, starts: [] }, go)).toEqual([
    "  NEXT no schedule that is switched on starts any of these jobs; read 12 s ago",
  ]);
});

test("whatever a team names its schedules and jobs, it is one line of printable ASCII, not at the margin", () => {
  const text = fc.string({ unit: "binary" });
  const start = fc.record({
    id: text,
    name: text,
    at: fc.option(fc.double()),
    why: fc.option(text),
    jobs: fc.array(
      fc.record({ id: text, name: text, hold: fc.option(fc.record({ id: text, note: fc.option(text) })) }),
      {
        minLength: 1,
      },
    ),
  });
  const schedules = fc.record({
    readAt: fc.option(fc.double()),
    why: fc.option(text),
    pending: fc.boolean(),
    starts: fc.array(start),
  });
  fc.assert(
    fc.property(schedules, fc.boolean(), (told, go) => {
      const found = lines(told, go ? { starts: [] } : {});
      expect(found.length).toBeLessThanOrEqual(1);
      for (const line of found) expect(line).toMatch(/^ {2}NEXT [\x20-\x7e]+$/);
    }),
  );
});

const options = (): { signal: AbortSignal } => ({ signal: new AbortController().signal });
const team = (schedules: () => Promise<TeamSchedules | null>) => ({ schedules });
const scope = { poolId: "p", clock: systemClock };
const finance = { id: "Finance documents", name: "Finance, as the team calls it now" };
const seen = (facts: Partial<Verdict> = {}): Verdict => ({
  ...verdict("REPORTED CLEAR", "STOPPED", { asOf: now }),
  jobs: [{ ...finance, word: "REPORTED CLEAR" } as Verdict["jobs"][number]],
  ...facts,
});

test("only what bears on the jobs of the answer is in it, by the names that they have now", async () => {
  const starts = [
    { ...etl, jobs: [job("other")] },
    { ...etl, jobs: [job("other"), job("Finance documents")] },
  ];
  const said = await withSchedules(
    team(() => Promise.resolve({ ...read, starts })),
    seen(),
    scope,
    options(),
  );
  expect(said).toMatchObject({ word: "REPORTED CLEAR", code: 4, reason: seen().reason });
  expect(said.schedules?.starts).toEqual([{ ...etl, jobs: [{ ...finance, hold: null }] }]);
});

test.each([
  ["a team without schedules", {}, seen()],
  ["a team that has none to tell of", team(() => Promise.resolve(null)), seen()],
  ["an answer that rests on no look", team(() => Promise.resolve(read)), seen({ asOf: null })],
  ["a refusal", team(() => Promise.resolve(read)), seen({ word: "DENIED", code: 30 })],
  ["a wrong command", team(() => Promise.resolve(read)), seen({ word: "USAGE", code: 50 })],
])("%s: the answer as it was", async (_, of, said) => {
  expect(await withSchedules(of, said, scope, options())).toEqual(said);
});

test("failures are said in it, and never reject", async () => {
  const refused = team(() => Promise.reject(new TeamError("denied", "no right")));
  expect(await readSchedules(refused, "p", scope, options())).toMatchObject({
    readAt: null,
    why: "no right",
  });
  const broken = team(() => Promise.reject(new Error("CANARY-internal")));
  expect(await readSchedules(broken, "p", scope, options())).toMatchObject({
    why: "they cannot be read now",
  });
});

test("a team that never answers is left when the time is over, and when the caller leaves", async () => {
  const signals: AbortSignal[] = [];
  const silent = {
    schedules: (_: string, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise<null>(() => undefined);
    },
  };
  const limit = { ...scope, limitMs: 10 };
  expect(await readSchedules(silent, "p", limit, options())).toEqual({
    readAt: null,
    why: "no answer within 0.01 s",
    pending: true,
    starts: [],
  });
  const caller = new AbortController();
  const left = readSchedules(silent, "p", { ...scope, limitMs: 3_600_000 }, { signal: caller.signal });
  caller.abort(new Error("left"));
  expect(await left).toBeNull();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});
