import type { DataPool } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { RelayedProof, RelayedReceipt } from "../model/receipt.ts";
import type { RelayedEnd, RelayedStop } from "../model/remote-team.ts";
import type { StateStore } from "../model/state-store.ts";
import type { TeamJob, TeamProbeLook } from "../model/team.ts";
import { notFound } from "./belonging.ts";

/** Of a stop that was asked for here. @throws UserError "conflict" while its end was not seen, or a probe saw none. */
export async function relayedReceipt(
  state: StateStore,
  pool: DataPool,
  executionId: string,
): Promise<RelayedReceipt> {
  const stop = await state.relayedStop(executionId);
  if (stop === null || stop.poolId !== pool.id) throw notFound("execution");
  const receipt = receiptOfStop(stop, pool);
  if (receipt === null) {
    throw new UserError("conflict", whyNone(stop), {
      operation: `write the receipt of execution ${executionId}`,
      next: "look at the status of its job, and ask again when it is over",
    });
  }
  return receipt;
}

/** null while there is none. */
export function receiptOfStop(stop: RelayedStop, pool: DataPool): RelayedReceipt | null {
  const { seen } = stop;
  if (stop.closedAt === null || seen === null || foundIn(seen).length > 0) return null;
  return { stop, seen, poolName: pool.name, teamName: pool.team?.name ?? "", proof: proofOf(seen) };
}

function whyNone({ seen }: RelayedStop): string {
  const found = seen === null ? [] : foundIn(seen);
  if (seen === null || found.length === 0) return "its end was not seen yet";
  return `${seen.status} says the team, but ${namesOf(found)} found something`;
}

/**
 * Keeps what a look saw of runs that were stopped here. What was proven once stays; without a proof the newest counts.
 */
export async function noteEnds(
  state: StateStore,
  poolId: string,
  jobs: readonly TeamJob[],
  at: number,
): Promise<void> {
  for (const { id, name, status, executionId, startedAt, probes } of jobs) {
    const stop = status === null ? null : await state.closedRelayedStop(poolId, id);
    if (stop === null || status === null) continue;
    const { seen } = stop;
    const same =
      executionId === null
        ? startedAt !== null && startedAt === stop.startedAt
        : executionId === stop.executionId;
    const better = seen === null || (probes !== undefined && proofOf(seen).level !== "source idle");
    if (same && better) await state.noteRelayedEnd(stop, { at, jobName: name, status, probes: probes ?? [] });
  }
}

function foundIn({ probes }: RelayedEnd): TeamProbeLook[] {
  return probes.filter(({ look }) => "found" in look);
}

function proofOf({ at, status, probes }: RelayedEnd): RelayedProof {
  const clear = probes.filter(({ look }) => "clear" in look && look.clear);
  if (clear.length > 0 && clear.length === probes.length) {
    return { level: "source idle", at, note: `${status} says the team, and ${namesOf(clear)} found nothing` };
  }
  const why =
    probes.length === 0
      ? "the source was not seen"
      : `${namesOf(probes.filter((one) => !clear.includes(one)))} could not tell`;
  return { level: "reported", at, note: `${status} says the team; ${why}` };
}

function namesOf(probes: readonly { name: string }[]): string {
  return `probe ${probes.map(({ name }) => JSON.stringify(name)).join(", ")}`;
}
