import type { Execution } from "./execution.ts";

/** What a hold is laid on. */
export const holdScopes = ["pool", "connection", "job"] as const;
export type HoldScope = (typeof holdScopes)[number];

/** While it is in force nothing of its scope starts, from whichever door. What runs already is not touched. */
export interface Hold {
  id: string;
  poolId: string;
  scope: HoldScope;
  /** Id of the pool, connection or job. */
  objectId: string;
  /** Name of the key that laid it. */
  keyName: string;
  because: string | null;
  createdAt: number;
  /** Epoch ms at which it ends by itself; null: when it is released. */
  until: number | null;
  endedAt: number | null;
  endedBy: string | null;
}

/** Whether it keeps an execution of the job from starting at this moment; without a job, whatever is no execution of one. */
export function covers(
  hold: Hold,
  { poolId, jobId, dataSourceId }: { poolId: string; jobId: string | null; dataSourceId: string | null },
): boolean {
  switch (hold.scope) {
    case "pool":
      return hold.objectId === poolId;
    case "connection":
      return hold.objectId === dataSourceId;
    case "job":
      return hold.objectId === jobId;
  }
}

/** What it is laid on, as the path of a route would name it; nothing of a pool, which every path names. */
export function heldIds({ scope, objectId }: Hold): Record<string, string> {
  switch (scope) {
    case "pool":
      return {};
    case "connection":
      return { dataSourceId: objectId };
    case "job":
      return { jobId: objectId };
  }
}

/** Who, why, until when: one line for refusals and logs. */
export function describeHold({ scope, keyName, because, createdAt, until }: Hold): string {
  const why = because === null ? "" : `: ${because}`;
  const end = until === null ? "until it is released" : `until ${new Date(until).toISOString()}`;
  return `the ${scope} is held ${end}, by key ${JSON.stringify(keyName)} since ${new Date(createdAt).toISOString()}${why}`;
}

/** An execution that waits to start, and for what. */
export interface Waiting {
  execution: Execution;
  when: "now" | "when a place is free" | "held";
  heldBy: Hold[];
}
