import type { Execution, TableEffect } from "./execution.ts";
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
