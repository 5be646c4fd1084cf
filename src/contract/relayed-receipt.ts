import type { DeskCaller } from "./desk.ts";
import type { DeskProbeLook } from "./remote-teams.ts";

/**
 * `GET /desk/v1/executions/{executionId}/receipt` of a run that a team far away has, where that team writes no receipts:
 * what the relay knows of a stop that was asked for here.
 */
export interface DeskRelayedReceipt {
  executionId: string;
  poolId: string;
  poolName: string;
  team: { id: string; name: string };
  jobId: string;
  jobName: string;
  /** The team's word. */
  status: string;
  failure: null;
  startedAt: number | null;
  /** When its end was seen here. */
  endedAt: number;
  /** The first who asked for the stop. */
  callers: DeskCaller[];
  /** How often it was asked for. */
  asked: number;
  steps: { at: number; step: string; note: string }[];
  /** reported: over by the team's word alone; source idle: after that each probe that covers the job found nothing. */
  proof: { level: "reported" | "source idle"; at: number; note: string };
  settlement: null;
  probes: DeskProbeLook[];
  /** The team has them, and what waits there. */
  tables: null;
  next: null;
  asOf: number;
}
