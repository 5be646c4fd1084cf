import type { RemoteProbe } from "../contract/index.ts";

/**
 * One look of a probe: a named read-only check with an expected-empty answer. `at`: when the look began, epoch ms.
 * unknown: refused, silent, an error, a time-out, an answer of another form: never the same as clear. `found` and
 * `unknown` are for a person, without secrets.
 */
export type ProbeLook =
  | { clear: true; at: number }
  | { clear: false; found: string[]; at: number }
  | { unknown: string };

/** A way to look at a source that is not ours, see docs/probes.md. */
export interface Probe {
  /**
   * Looks now, within a time of its own. Leaves nothing behind, no session and no process.
   * Rejects only with the reason of `signal`, and then too only when its work has ended.
   */
  look(options: { signal: AbortSignal }): Promise<ProbeLook>;
}

/** A probe in the place where it counts. */
export interface TeamProbe {
  /** As the answers name it. */
  name: string;
  poolId: string;
  /** Ids of the jobs whose work it would see; null: every job of the pool. */
  jobIds: readonly string[] | null;
  /** Time between the two looks that make a proof, ms: a session between two statements is not missed. */
  againAfterMs: number;
  probe: Probe;
}

/** What probes of a team far away are made by; a root file knows. */
export interface ProbeRules {
  /**
   * As they were sent: without their secrets, for whoever may see them, and whole, for `open` alone.
   * @throws UserError "invalid" with the place in it; never what stands there.
   */
  read(value: unknown): { shown: RemoteProbe; whole: string }[];
  open(whole: string): TeamProbe;
}

/** Of a server that relays to no team. */
export const noProbes: ProbeRules = {
  read: (value) => {
    if (Array.isArray(value) && value.length === 0) return [];
    throw new Error("this server has no probes");
  },
  open: () => {
    throw new Error("this server has no probes");
  },
};

/** Findings that are kept, and how much of each. */
const mostFound = 20;
const longestFound = 200;

/** Findings in a bearable size, each on one line. */
export function foundLines(lines: readonly string[]): string[] {
  return lines
    .slice(0, mostFound)
    .map((line) => line.slice(0, longestFound).replace(/[\p{Cc}\u2028\u2029]+/gu, " "));
}
