import { probedTeam, relayedReceiptText } from "../desk/index.ts";
import type { DeskRelayedReceipt } from "../contract/index.ts";
import type { TeamCaller } from "../engine/local-team.ts";
import { noteEnds, relayedReceipt } from "../engine/relayed-receipt.ts";
import { relayedTeam, type RelayedTeam, type RelayedTeamParts } from "../engine/relayed-team.ts";
import type { DataPool } from "../model/definitions.ts";
import { noDeskSettings } from "../model/desk-settings.ts";
import { UserError } from "../model/errors.ts";
import type { RelayedReceipt } from "../model/receipt.ts";
import { TeamError, type TeamJob, type TeamReceipt } from "../model/team.ts";
import { relayedLook } from "./relayed-answers.ts";

/**
 * A pool of another team, for an answer about one job (id or whole name) or all: its probes look as they do for the
 * command, and what was seen of the end of a stop is kept, so that it has a receipt where the team writes none.
 */
export function lookedAt(
  parts: RelayedTeamParts,
  pool: DataPool,
  caller: TeamCaller,
  job: string | null,
): RelayedTeam {
  const { state, clock, report } = parts;
  const plain = relayedTeam(parts, pool, caller);
  const team = probedTeam(plain, () => plain.probes(), { job, clock });

  /** A receipt that cannot be kept is no reason to keep an answer back. */
  async function noted(jobs: TeamJob[]): Promise<void> {
    await noteEnds(state, pool.id, jobs, clock.now()).catch((error: unknown) => {
      report(
        `relay: what was seen of a stop is not kept: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  }

  async function ownReceipt(executionId: string): Promise<TeamReceipt> {
    try {
      const receipt = await relayedReceipt(state, pool, executionId);
      const settings = (await state.deskSettings(pool.id)) ?? noDeskSettings;
      const text = relayedReceiptText(receipt, settings);
      return {
        proof: receipt.proof.level,
        settlement: null,
        text,
        whole: toWhole(receipt, pool, clock.now()),
      };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new TeamError(error.kind, error.message, { cause: error });
    }
  }

  return {
    ...team,
    jobs: async (poolId, options) => {
      const jobs = await team.jobs(poolId, options);
      await noted(jobs);
      return jobs;
    },
    go: async (scope, options) => {
      const look = await team.go(scope, options);
      await noted(look.jobs);
      return look;
    },
    receipt: async (executionId, options) => {
      try {
        return await team.receipt(executionId, options);
      } catch (error) {
        if (!(error instanceof TeamError) || error.failure !== "unable") throw error;
        return await ownReceipt(executionId);
      }
    },
  };
}

function toWhole({ stop, seen, proof }: RelayedReceipt, pool: DataPool, asOf: number): DeskRelayedReceipt {
  const { executionId, jobId, requestedAt, keyName, because, callers, startedAt } = stop;
  const { jobName, status, probes } = seen;
  const looked = probes.map(({ name, look }) => ({
    at: "at" in look ? look.at : seen.at,
    step: `probe ${JSON.stringify(name)}`,
    note: "unknown" in look ? `could not tell: ${look.unknown}` : "found nothing",
  }));
  return {
    executionId,
    poolId: pool.id,
    poolName: pool.name,
    team: { id: pool.team?.id ?? "", name: pool.team?.name ?? "" },
    jobId,
    jobName,
    status,
    failure: null,
    startedAt,
    endedAt: seen.at,
    callers: [{ at: requestedAt, by: "operator", keyName, channel: null, reason: because }],
    asked: callers,
    steps: [{ at: seen.at, step: "reported", note: `${status} says the team` }, ...looked],
    proof,
    settlement: null,
    probes: probes.map(relayedLook),
    tables: null,
    next: null,
    asOf,
  };
}
