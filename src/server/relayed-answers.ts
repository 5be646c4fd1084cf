import { toAscii } from "../base/ascii.ts";
import { stopAndProve, type JobReport, type Verdict } from "../desk/index.ts";
import type { DeskJob, DeskProbeLook, DeskProof, DeskStopAnswer } from "../contract/index.ts";
import { notFound } from "../engine/belonging.ts";
import { onlyNamedJobs } from "../engine/keys.ts";
import type { Shared } from "../engine/shared-reads.ts";
import type { ApiKey, DataPool } from "../model/definitions.ts";
import { UnavailableError } from "../model/errors.ts";
import type { StopChannel } from "../model/stop.ts";
import { proofLevels } from "../model/stop.ts";
import { TeamError, type TeamJob, type TeamProbeLook } from "../model/team.ts";
import { commonHeaders, emptyResponse } from "./errors.ts";
import type { Operations } from "./operations.ts";
import type { Wait } from "./places.ts";
import type { Told } from "./route.ts";

/** What the routes answer about a pool of another team: its own words and their age, and for a stop the desk's. */

/** How old what an answer rests on was when it was given, ms; beside the header `age`, in seconds. */
const ageHeader = "x-nightdesk-age-ms";

/** What every such operation is asked with. */
export interface RelayedAsk {
  pool: DataPool;
  key: ApiKey;
  readonly signal: AbortSignal;
  tell: (told: Told) => void;
}

export interface StopOrder extends Wait {
  /** null: every job of the pool that is active. */
  job: string | null;
  executionId: string | null;
  reason: string | null;
  channel: StopChannel;
}

/** JSON of the team, with its age and whose it is. */
export function aged({ value, ageMs }: Shared<unknown>, { pool }: Pick<RelayedAsk, "pool">): Response {
  return new Response(JSON.stringify(value), {
    headers: {
      ...commonHeaders,
      "content-type": "application/json",
      age: String(Math.floor(ageMs / 1000)),
      [ageHeader]: String(ageMs),
      "x-nightdesk-team": pool.team?.id ?? "",
    },
  });
}

/** One of them by its id. @throws UserError "not-found". */
export function oneOf(shared: Shared<{ id: string }[]>, id: string): Shared<unknown> {
  const found = shared.value.find((one) => one.id.toLowerCase() === id);
  if (found === undefined) throw notFound("data job");
  return { ...shared, value: found };
}

/** The desk's stop over the team. */
export async function relayedStop(
  { relayedTeam, clock }: Pick<Operations, "relayedTeam" | "clock">,
  { pool, key, tell }: Omit<RelayedAsk, "signal">,
  order: StopOrder,
): Promise<Verdict> {
  const { channel, job, executionId, waitMs, signal, reason } = order;
  // A word about the pool would be taken for one about jobs that it does not see.
  if (key.jobs !== null && job === null) throw onlyNamedJobs();
  tell({ because: reason });
  const team = relayedTeam(pool, { key, channel, lookVerb: "cancel" }, job);
  const scope = { poolId: pool.id, job, executionId, waitMs, reason, clock };
  const said = await stopAndProve(team, { ...scope, all: job === null, answersEarly: true }, { signal });
  tell({ outcome: said.reason, executionIds: said.jobs.flatMap((one) => stopped(one)) });
  if (said.asOf === null || said.word === "USAGE") throw refusalOf(said, pool);
  return said;
}

/** Ids of executions that a stop was asked for. */
function stopped({ outcome, executionId }: JobReport): string[] {
  return outcome !== null && outcome !== "WAS NOT RUNNING" && executionId !== null ? [executionId] : [];
}

/** Nothing was asked of the team. */
function refusalOf(said: Verdict, pool: DataPool): Error {
  if (said.word === "USAGE") return notFound("data job");
  if (said.word === "DENIED") return new TeamError("denied", said.reason);
  return new UnavailableError(said.reason, {
    operation: "stop jobs of another team",
    place: pool.team?.name ?? "",
    next: "do not shut down the source; look again",
  });
}

/** The blog's cancel: 200 without a body where nothing of the job runs by the team's word, else 202 and why. */
export function relayedCancel({ word, code, reason }: Verdict): Response {
  const headers = { "x-nightdesk-code": String(code) };
  if (word === "CLEAR" || word === "REPORTED CLEAR") return emptyResponse(headers);
  const line = `${reason}. Next: read logs/status again; do not shut the source down.`;
  return new Response(`${toAscii(line)}\r\n`, {
    status: 202,
    headers: { ...commonHeaders, "content-type": "text/plain; charset=us-ascii", ...headers },
  });
}

/** One job of a stop as the desk API says it. The team's word is no proof; what probes saw is. */
export function relayedStopAnswer(job: JobReport, asked: string | null, at: number): DeskStopAnswer {
  const { word, outcome } = job;
  const clear = word === "CLEAR" || word === "REPORTED CLEAR";
  const done = { executionId: asked ?? job.executionId, activeExecutionId: null, proof: probedProof(job) };
  switch (outcome) {
    case "STOPPED":
    case "FINISHED BY ITSELF":
    case "WAS NOT RUNNING":
      if (clear) return { ...done, outcome };
      break;
    case "OTHER EXECUTION":
      return { ...done, outcome, activeExecutionId: clear ? null : job.executionId, proof: null };
    case "DECLARED":
    case "NOT PROVEN":
    case null:
      break;
  }
  const proof: DeskProof = { level: "requested", at, note: job.note };
  return { outcome: "NOT PROVEN", executionId: asked ?? job.executionId ?? "", proof };
}

/** null where no look proved it. */
function probedProof({ word, probes = [] }: JobReport): DeskProof | null {
  const looks = probes.flatMap(({ name, look }) => ("at" in look ? [{ name, at: look.at }] : []));
  if (word !== "CLEAR" || looks.length === 0) return null;
  const names = looks.map(({ name }) => JSON.stringify(name)).join(", ");
  return {
    level: "source idle",
    at: Math.max(...looks.map(({ at }) => at)),
    note: `found nothing: probe ${names}`,
  };
}

/** What is told of a job, in the fields of the desk API. */
export function relayedJob(job: TeamJob): DeskJob {
  const { id, name, status, executionId, startedAt, rows, stopping, declared } = job;
  const level = proofLevels.find((one) => one === stopping?.level) ?? "requested";
  return {
    id,
    name,
    status,
    executionId,
    startedAt,
    rows,
    estimatedRows: null,
    stopping: stopping === null ? null : { ...stopping, level, callers: 1 },
    declared: declared === null ? null : { ...declared, seenAt: declared.at },
    ...(job.probes === undefined ? {} : { probes: job.probes.map(relayedLook) }),
  };
}

export function relayedLook({ name, look }: TeamProbeLook): DeskProbeLook {
  if ("unknown" in look) return { name, clear: null, why: look.unknown };
  return look.clear ? { name, ...look } : { name, clear: false, at: look.at, found: look.found };
}
