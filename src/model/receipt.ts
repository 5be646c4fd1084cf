import type { Execution, TableEffect } from "./execution.ts";
import type { RelayedEnd, RelayedStop } from "./remote-team.ts";
import type { EndStep, Proof, Settlement, StopCaller } from "./stop.ts";

/** What an execution did to one table. */
export interface TableReceipt {
  task: string;
  table: string;
  target: string;
  /** unknown: its process died, and the pool could not be asked what of it was committed. */
  effect: TableEffect | "unknown";
  rows: number | null;
  bytes: number | null;
}

/** How an execution ended: who wanted it, what was done, what is proven, what it did to the data. */
export interface Receipt {
  execution: Execution;
  endedAt: number;
  callers: StopCaller[];
  steps: EndStep[];
  proof: Proof;
  settlement: Settlement | null;
  tables: TableReceipt[];
}

/** How a run ended that a team far away has: what this server knows of it, which is the stop and what was seen then. */
export interface RelayedReceipt {
  stop: RelayedStop;
  /** Of the stop. */
  seen: RelayedEnd;
  poolName: string;
  teamName: string;
  proof: RelayedProof;
}

/** reported: over by the team's word alone; source idle: after that, each probe that covers the job found nothing. */
export interface RelayedProof {
  level: "reported" | "source idle";
  /** Epoch ms. */
  at: number;
  note: string;
}
