/** What is checked of docs/model/stop.pml, and what a run of its checker came to. */

/** Properties of the right protocol. The last ones, with fairness, say that something happens at last. */
export const properties = [
  "one_end",
  "no_lie",
  "no_worker_after_end",
  "success_is_committed",
  "record_is_true",
  "too_late_is_success",
  "stop_survives",
  "next_waits",
  "ends_or_unknown",
  "settle_frees",
];

/** The right protocol with a person who settles whenever that is allowed. */
export const propertiesWithPerson = ["settle_is_a_way_out"];

/** What must be refuted of the right protocol, so that nothing above holds for want of anything happening. */
export const impossibilities = [
  "never_succeeds",
  "never_cancelled_at_work",
  "never_cancelled_and_loaded",
  "never_ends_by_word",
  "never_declared",
  "always_ends",
];

/** Mistake -> the property that must catch it. */
export const mistakes = {
  UNFENCED: "no_lie",
  LIST_BEFORE_WORKER_GONE: "no_lie",
  REFUSED_IS_EMPTY: "no_lie",
  NO_CAS: "one_end",
  ONE_SHOT_CANCEL: "ends_or_unknown",
  CANCEL_ONLY: "ends_or_unknown",
  NO_KILL: "ends_or_unknown",
  TOUCH_LATE: "no_lie",
  NO_TAKE_OVER: "no_worker_after_end",
  TAKE_OVER_WAITS: "ends_or_unknown",
  VOLATILE_STOP: "stop_survives",
  NO_MARKER: "record_is_true",
  SETTLE_WITH_WORKER: "no_worker_after_end",
};

/** Liveness needs the search for cycles, under weak fairness. */
export function searchOptions(property) {
  const live = ["ends_or_unknown", "settle_frees", "settle_is_a_way_out", "always_ends"];
  return live.includes(property) ? ["-a", "-f"] : [];
}

/**
 * Reads what the checker printed: "holds" only after a whole search without an error, "refuted" only with a
 * counterexample, else "broken" (cut short, out of memory, not started): that proves nothing either way.
 */
export function verdictOf(output) {
  const states = Number(/^\s*(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored/m.exec(output)?.[1] ?? 0);
  const errors = /errors: (\d+)/.exec(output)?.[1];
  if (errors === undefined || states === 0) return { verdict: "broken", states };
  if (Number(errors) > 0) {
    const found = /assertion violated|acceptance cycle/.test(output);
    return { verdict: found ? "refuted" : "broken", states };
  }
  const cut = /Search not completed|max search depth too small|out of memory|reached -DMEMLIM/i.test(output);
  return { verdict: cut ? "broken" : "holds", states };
}
