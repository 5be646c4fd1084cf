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
  startedAt: number | null;
  /** The first who asked for the stop. */
  callers: DeskCaller[];
  /** How often it was asked for. */
  asked: number;
  /**
   * requested: something speaks against its end; reported: over by the team's word alone; source idle: after that each
   * probe that covers the job found nothing.
   */
  proof: { level: "requested" | "reported" | "source idle"; at: number; note: string };
  settlement: null;
  probes: DeskProbeLook[];
  asOf: number;
}
