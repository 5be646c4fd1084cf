/** Where a process is killed, and what must be true after the next start. One case or more for each failpoint. */

export interface KillCase {
  /** The failpoint; whichever process passes it dies there. */
  at: string;
  /** What the pass is on the way of. */
  doing: "load" | "stop" | "transform" | "failing transform";
  /** Of the execution, when all is up again. */
  ends: "SUCCESS" | "FAIL" | "CANCEL";
  /** What the pool holds then: as before, or all of the new. */
  holds: "old" | "new";
}

export const killCases: readonly KillCase[] = [
  // Queued and never begun: it keeps its place and runs at the next start.
  { at: "engine.queued", doing: "load", ends: "SUCCESS", holds: "new" },
  { at: "engine.claimed", doing: "load", ends: "FAIL", holds: "old" },
  { at: "engine.touch-recorded", doing: "load", ends: "FAIL", holds: "old" },
  { at: "engine.stop-recorded", doing: "stop", ends: "CANCEL", holds: "old" },
  // Loaded, and the server died before it could say so: no success is claimed that nobody saw to its end.
  { at: "engine.proven", doing: "load", ends: "FAIL", holds: "new" },
  { at: "engine.ended", doing: "load", ends: "SUCCESS", holds: "new" },
  { at: "run.started", doing: "load", ends: "FAIL", holds: "old" },
  { at: "session.opened", doing: "load", ends: "FAIL", holds: "old" },
  { at: "batch.appended", doing: "load", ends: "FAIL", holds: "old" },
  { at: "table.staged", doing: "load", ends: "FAIL", holds: "old" },
  { at: "swap.begun", doing: "load", ends: "FAIL", holds: "old" },
  { at: "swap.before-commit", doing: "load", ends: "FAIL", holds: "old" },
  { at: "commit.begun", doing: "load", ends: "FAIL", holds: "old" },
  { at: "swap.committed", doing: "load", ends: "FAIL", holds: "new" },
  { at: "clean-up.begun", doing: "stop", ends: "CANCEL", holds: "old" },
  { at: "rollback.begun", doing: "failing transform", ends: "FAIL", holds: "old" },
  { at: "transform.before-commit", doing: "transform", ends: "FAIL", holds: "old" },
  { at: "transform.committed", doing: "transform", ends: "FAIL", holds: "new" },
];
