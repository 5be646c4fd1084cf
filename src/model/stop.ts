/** Why something was told to stop. Data, not text: handed to `abort()`, stored, shown. */
export type StopReason =
  | { by: "operator"; keyName: string; channel: StopChannel; because: string | null }
  | { by: "guard"; window: string }
  | { by: "timeout"; afterMs: number }
  | { by: "no-progress"; afterMs: number }
  | { by: "shutdown" }
  | { by: "server-stopped" };

/**
 * Through which door a call came, as the server itself knows it: by the address that was called, and `page` by the
 * page's own session. What a caller says of itself counts for nothing.
 */
export type StopChannel = "wire" | "desk" | "page" | "text" | "internal";

/** The status an execution gets when this reason ended it: a person's will is CANCEL, everything else FAIL. */
export function statusAfterStop(reason: StopReason): "CANCEL" | "FAIL" {
  switch (reason.by) {
    case "operator":
    case "guard":
      return "CANCEL";
    case "timeout":
    case "no-progress":
    case "shutdown":
    case "server-stopped":
      return "FAIL";
  }
}

/** One line for logs and receipts. */
export function describeStop(reason: StopReason): string {
  switch (reason.by) {
    case "operator":
      return `stopped on request of key "${reason.keyName}"${reason.because === null ? "" : `: ${reason.because}`}`;
    case "guard":
      return `stopped for the maintenance window "${reason.window}"`;
    case "timeout":
      return `stopped after its limit of ${String(Math.round(reason.afterMs / 1000))} s`;
    case "no-progress":
      return `stopped after ${String(Math.round(reason.afterMs / 1000))} s without progress`;
    case "shutdown":
      return "stopped because the server shuts down";
    case "server-stopped":
      return "server stopped";
  }
}

/**
 * How far a stop is proven; later includes earlier, up to `source idle`: the source's own session list was
 * read and holds nothing of the execution, or no statement of it was ever sent. `declared` is no proof but a
 * person's word in its place, and never reads as one. Only these two let a terminal status be written.
 */
export const proofLevels = ["requested", "recorded", "worker gone", "source idle", "declared"] as const;
export type ProofLevel = (typeof proofLevels)[number];

export interface Proof {
  level: ProofLevel;
  /** Epoch ms of the look that gave this level. */
  at: number;
  /** Why the next level is not reached, or how this one was; one line, no secret. */
  note: string;
}

/** One of those who asked for a stop. */
export interface StopCaller {
  at: number;
  reason: StopReason;
}

/** What was done, or seen, on the way to the end of an execution. */
export const endSteps = [
  "told the worker",
  "cancelled at the source",
  "terminated at the source",
  "killed the worker",
  "worker gone",
  "source read",
  "source unknown",
  "source idle",
  "declared",
] as const;

export interface EndStep {
  at: number;
  step: (typeof endSteps)[number];
  /** One line, no secret. */
  note: string;
}

/** A person's word that an execution is over although the source could not be asked. */
export interface Settlement {
  executionId: string;
  poolId: string;
  at: number;
  keyName: string;
  because: string;
  /** What the source said since: not readable, sessions of it still there, none. `idle` closes the case. */
  seen: "unknown" | "busy" | "idle";
  seenAt: number;
  seenNote: string;
}
