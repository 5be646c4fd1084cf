import type { DeskSettings } from "../model/desk-settings.ts";
import type { TeamHold, TeamJob, TeamSchedules, TeamSourceLook, TeamStart } from "../model/team.ts";
import { timeText, type TimesRead } from "./times.ts";

/**
 * Every answer of the desk answers one question about what was asked for: does anything of it touch my
 * source? One word, one code; codes rise with severity, so that one threshold in a job scheduler works.
 */
export const codes = {
  /** Nothing of the scope runs or waits to run; proven at the source. */
  CLEAR: 0,
  /** The platform says so; the source was not seen. */
  "REPORTED CLEAR": 4,
  /** Something runs, or is queued. */
  RUNNING: 10,
  /** Cannot tell, or a stop is not proven: do not shut down, escalate. */
  UNKNOWN: 20,
  /** The key is missing, wrong, expired, or this is not for it; an unknown pool looks the same. */
  DENIED: 30,
  /** No answer. */
  UNREACHABLE: 40,
  /** The command is wrong. */
  USAGE: 50,
} as const;

export type Word = keyof typeof codes;
export type Code = (typeof codes)[Word];

/**
 * What became of a stop, for one job. OTHER EXECUTION: the one that was meant does not run, another one is there.
 * DECLARED: it ended by a person's word, without a proof.
 */
export type StopOutcome =
  | "STOPPED"
  | "WAS NOT RUNNING"
  | "FINISHED BY ITSELF"
  | "OTHER EXECUTION"
  | "DECLARED"
  | "NOT PROVEN";

/** One job as it was last seen, and what that means. */
export interface JobReport extends TeamJob {
  word: Word;
  /** null where no stop was asked for. */
  outcome: StopOutcome | null;
  /** Why, in one line; "" where the word says it all. */
  note: string;
}

/** A hold with the name of what it is laid on; null for a pool, and where the name is not known. */
export interface HoldReport extends TeamHold {
  name: string | null;
}

/** A look at a source, and what stands there without a right to. */
export interface SourceReport extends TeamSourceLook {
  /** Of `executionIds`: those that do not run in the scope that was asked for. */
  strangers: string[];
}

/** Schedules as they bear on the jobs of an answer. */
export interface SchedulesReport extends TeamSchedules {
  /** When they were told, epoch ms. */
  now: number;
}

export interface Verdict {
  word: Word;
  code: Code;
  /** One line. */
  reason: string;
  /** When the read began that this rests on, epoch ms; null if nothing could be read. */
  asOf: number | null;
  jobs: JobReport[];
  /** What the reader does now; null where nothing is to be done. */
  next: string | null;
  /** In force; null where they were not read, and so are the next two. */
  holds: HoldReport[] | null;
  /** What waits to start, in order; of a release what starts by it. */
  starts: TeamStart[] | null;
  sources: SourceReport[] | null;
  /** What starts of the jobs by the team's schedules; null where it was not asked, or has none to tell of. */
  schedules: SchedulesReport | null;
  /** Of the pool; null where they were not read. */
  settings: DeskSettings | null;
  /** It was asked of the pool, and is about the named jobs alone that the key is for. */
  partial: boolean;
}

/** A verdict, or an answer in its form with a word and a code of its own. */
export type Shown = Omit<Verdict, "word" | "code"> & { word: string; code: number };

const nextSteps: Record<Word, string | null> = {
  CLEAR: null,
  "REPORTED CLEAR": null,
  RUNNING: null,
  UNKNOWN: "do not shut down the source; escalate",
  DENIED: "ask the data engineer for a key that is valid for this pool",
  UNREACHABLE: "check address and network, then run the same line again; do not shut down the source",
  USAGE: "see nightdesk --help",
};

/** What a verdict may bring besides word and reason. */
export type VerdictFacts = Partial<
  Pick<Verdict, "asOf" | "jobs" | "next" | "holds" | "starts" | "sources" | "settings" | "partial">
>;

/** A verdict of this word; the code, what the word rests on and, unless given, the next step follow from it. */
export function verdict(word: Word, reason: string, facts: VerdictFacts = {}): Verdict {
  const { asOf = null, jobs = [], next = nextSteps[word] } = facts;
  const { holds = null, starts = null, sources = null, settings = null, partial = false } = facts;
  const ground =
    word === "REPORTED CLEAR"
      ? groundOf(jobs, sources ?? [])
      : word === "CLEAR"
        ? proofOf(jobs, settings)
        : "";
  const read = { holds, starts, sources, settings, partial };
  return { word, code: codes[word], reason: reason + ground, asOf, jobs, next, ...read, schedules: null };
}

function groundOf(jobs: readonly JobReport[], sources: readonly SourceReport[]): string {
  const elsewhere = sources.flatMap(({ others }) => others.flatMap(({ executions }) => executions));
  const byPerson =
    jobs.some(({ word, declared }) => word === "REPORTED CLEAR" && declared !== null) ||
    elsewhere.some(({ status }) => status === "DECLARED");
  return byPerson
    ? " (a person says so; the source was not seen since)"
    : " (the platform says so; the source was not seen)";
}

/** Whose looks it rests on, where the team itself proves nothing. */
function proofOf(jobs: readonly JobReport[], times: TimesRead): string {
  const looks = jobs.flatMap((job) => provenWords(job, times));
  return looks.length === 0 ? "" : ` (proven ${[...new Set(looks)].join(", ")})`;
}

/** E.g. `by probe "ECC sessions" at 2026-06-18 15:00:00 UTC`. */
export function provenWords({ probes = [] }: TeamJob, times: TimesRead): string[] {
  return probes.flatMap(({ name, look }) =>
    "clear" in look && look.clear ? [`by probe ${JSON.stringify(name)} at ${timeText(look.at, times)}`] : [],
  );
}

/** Over several jobs the highest code counts. `whenNone`: the word for no job at all. */
export function worstWord(reports: readonly { word: Word }[], whenNone: Word): Word {
  let worst: Word | null = null;
  for (const { word } of reports) if (worst === null || codes[word] > codes[worst]) worst = word;
  return worst ?? whenNone;
}
