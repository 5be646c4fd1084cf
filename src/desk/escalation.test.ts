import { expect, test } from "vitest";
import type { DeskSettings } from "../model/desk-settings.ts";
import { nextStep } from "./escalation.ts";
import { verdict } from "./verdict.ts";
import type { JobReport, Verdict, Word } from "./verdict.ts";

const settings: DeskSettings = {
  zone: null,
  hours24to47: false,
  contact: "Basis 4711",
  escalateAfterSeconds: 600,
};
const unknown = (requestedAt: number | null): JobReport => ({
  id: "a",
  name: "A",
  status: "RUNNING",
  executionId: null,
  startedAt: null,
  rows: null,
  stopping: requestedAt === null ? null : { requestedAt, level: "recorded", why: "" },
  declared: null,
  word: "UNKNOWN",
  outcome: null,
  note: "",
});
const said = (asOf: number | null, jobs: JobReport[], facts: Partial<Verdict> = {}): Verdict => ({
  ...verdict("UNKNOWN", "why", { asOf, jobs, settings }),
  ...facts,
});

test.each<[string, Verdict, string]>([
  [
    "a stop waits until its time, counted from its request",
    said(300_000, [unknown(120_000), unknown(60_000)]),
    "wait until 1970-01-01 00:11:00 UTC, then call Basis 4711",
  ],
  ["its time is over", said(660_000, [unknown(60_000)]), "call Basis 4711 now"],
  ["no stop is waited for", said(300_000, [unknown(null)]), "call Basis 4711 now"],
  ["nothing could be read", said(null, []), "call Basis 4711 now"],
  [
    "no time was set",
    said(300_000, [unknown(60_000)], { settings: { ...settings, escalateAfterSeconds: null } }),
    "call Basis 4711 now",
  ],
])("UNKNOWN: %s", (_, answer, call) => {
  expect(nextStep(answer)).toBe(`do not shut down the source; escalate: ${call}`);
});

test("another next step stays before it, and nobody is called where nobody is named or the answer is known", () => {
  const look = { next: "look before it is done again" };
  expect(nextStep(said(null, [], look))).toBe("look before it is done again; call Basis 4711 now");
  expect(nextStep(said(null, [], { settings: null }))).toBe("do not shut down the source; escalate");
  const nobody = { ...settings, contact: null, escalateAfterSeconds: null };
  expect(nextStep(said(null, [], { settings: nobody }))).toBe("do not shut down the source; escalate");
  for (const word of ["CLEAR", "REPORTED CLEAR", "RUNNING", "DENIED", "USAGE"] satisfies Word[]) {
    expect(nextStep(verdict(word, "why", { settings })) ?? "").not.toContain("Basis");
  }
});
