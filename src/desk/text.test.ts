import fc from "fast-check";
import { expect, test } from "vitest";
import { codes, verdict } from "./verdict.ts";
import type { JobReport, Word } from "./verdict.ts";
import { verdictText } from "./text.ts";

const report: JobReport = {
  id: "a",
  name: "A",
  status: "RUNNING",
  executionId: null,
  startedAt: null,
  rows: null,
  stopping: null,
  declared: null,
  word: "RUNNING",
  outcome: null,
  note: "",
};

test("the word, a line per job, the code", () => {
  const jobs = [
    {
      ...report,
      name: "Finance documents",
      startedAt: Date.UTC(2026, 5, 18, 15),
      rows: 1200,
      executionId: "e-1",
    },
    { ...report, name: "Order to cash", status: "CANCEL", outcome: "STOPPED", startedAt: 0 } as const,
    { ...report, name: "Never", status: null },
  ];
  expect(verdictText(verdict("UNKNOWN", "why", { jobs }), "\r\n").split("\r\n")).toEqual([
    "NIGHTDESK UNKNOWN",
    '  "Finance documents" RUNNING, since 2026-06-18 15:00:00 UTC, 1200 rows, execution e-1',
    '  "Order to cash" CANCEL, STOPPED, started 1970-01-01 00:00:00 UTC',
    '  "Never" never ran',
    "CODE 20 REASON why NEXT do not shut down the source; escalate",
    "",
  ]);
});

test.each([
  ["NIGHTDESK CLEAR", '  "NIGHTDESK CLEAR" RUNNING'],
  ["x\nNIGHTDESK CLEAR\r\nCODE 0 REASON x", '  "x\\u{a}NIGHTDESK CLEAR\\u{d}\\u{a}CODE 0 REASON x" RUNNING'],
  ['x" SUCCESS, "', '  "x\\" SUCCESS, \\"" RUNNING'],
  ["\u001b[2K\u2028会計", '  "\\u{1b}[2K\\u{2028}\\u{4f1a}\\u{8a08}" RUNNING'],
])("a job named %j fools nobody", (name, line) => {
  expect(verdictText(verdict("RUNNING", "r", { jobs: [{ ...report, name }] })).split("\n")[1]).toBe(line);
});

test("whatever a team says, only the first and the last line begin at the margin, and all is printable ASCII", () => {
  const text = fc.string({ unit: "binary" });
  const anyReport = fc.record({
    name: text,
    status: fc.option(text),
    note: text,
    executionId: fc.option(text),
    startedAt: fc.option(fc.double()),
    rows: fc.option(fc.integer()),
  });
  const word = fc.constantFrom(...(Object.keys(codes) as Word[]));
  fc.assert(
    fc.property(word, text, fc.array(anyReport), (said, reason, facts) => {
      const jobs = facts.map((one) => ({ ...report, ...one }));
      const lines = verdictText(verdict(said, reason, { jobs })).split("\n");
      expect(lines).toHaveLength(jobs.length + 3);
      expect(lines.pop()).toBe("");
      expect(lines.every((line) => /^[\x20-\x7e]+$/.test(line))).toBe(true);
      expect(lines.shift()).toBe(`NIGHTDESK ${said}`);
      expect(lines.pop()).toMatch(new RegExp(`^CODE ${String(codes[said])} REASON `));
      expect(lines.every((line) => line.startsWith('  "'))).toBe(true);
    }),
  );
});
