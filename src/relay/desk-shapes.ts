import type {
  DeskHold,
  DeskJob,
  DeskOtherConnection,
  DeskSchedules,
  DeskProbeLook,
  DeskSettings as SentSettings,
  DeskSettlement,
  DeskSourceLook,
  DeskStart,
} from "../contract/index.ts";
import { noDeskSettings, type DeskSettings } from "../model/desk-settings.ts";
import type {
  TeamHold,
  TeamJob,
  TeamOtherConnection,
  TeamSchedules,
  TeamProbeLook,
  TeamSettlement,
  TeamSourceLook,
  TeamStart,
} from "../model/team.ts";
import { isNumberOrNull, isTextOrNull, notUnderstood, orNull } from "./shapes.ts";

/** What the desk API of a Nightdesk answers, looked at field by field and in the words of the port. */

/** `ahead`: how far our clock is before the server's (ms); ages are counted on ours. */
export function teamJob(job: DeskJob, ahead: number): TeamJob {
  const { id, name, status, executionId, startedAt, rows, stopping } = job;
  const understood =
    typeof id === "string" &&
    typeof name === "string" &&
    isTextOrNull(status) &&
    isTextOrNull(executionId) &&
    isNumberOrNull(startedAt) &&
    isNumberOrNull(rows) &&
    (stopping === null || isStopping(stopping));
  if (!understood) throw notUnderstood("status");
  return {
    id,
    name,
    status,
    executionId,
    startedAt,
    rows,
    stopping:
      stopping === null
        ? null
        : { requestedAt: stopping.requestedAt + ahead, level: stopping.level, why: stopping.why },
    declared: settlementOrNull(job.declared),
    ...(orNull(job.probes) === null ? {} : { probes: each(job.probes ?? [], "status", probeLook) }),
  };
}

/** What is not understood must not read as clear. */
function probeLook(sent: DeskProbeLook): TeamProbeLook {
  const { name, clear } = sent;
  if (typeof name !== "string") throw notUnderstood("look of a probe");
  if (clear === true && typeof sent.at === "number") return { name, look: { clear, at: sent.at } };
  if (clear === false && typeof sent.at === "number" && isTexts(sent.found)) {
    return { name, look: { clear, at: sent.at, found: sent.found } };
  }
  if (clear === null && typeof sent.why === "string") return { name, look: { unknown: sent.why } };
  throw notUnderstood("look of a probe");
}

function isStopping(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { requestedAt, level, why } = value as Record<string, unknown>;
  return typeof requestedAt === "number" && typeof level === "string" && typeof why === "string";
}

/** A server of the first release sends none. */
export function settlementOrNull(value: DeskSettlement | null | undefined): TeamSettlement | null {
  const settlement = orNull(value);
  if (settlement === null) return null;
  const { executionId, at, by, because, seen, seenNote } = settlement;
  const texts = [executionId, by, because, seenNote].every((one) => typeof one === "string");
  if (!texts || typeof at !== "number" || !["unknown", "busy", "idle"].includes(seen)) {
    throw notUnderstood("declaration");
  }
  return { executionId, at, by, because, seen, seenNote };
}

export function teamHold(hold: DeskHold): TeamHold {
  const { id, scope, objectId, by, reason, since, until, note } = hold;
  const texts = [id, objectId, by].every((one) => typeof one === "string");
  const known = ["pool", "connection", "job"].includes(scope);
  if (!texts || !known || !isTextOrNull(reason) || typeof since !== "number" || !isNumberOrNull(until)) {
    throw notUnderstood("hold");
  }
  return { id, scope, objectId, by, reason, since, until, ...(typeof note === "string" ? { note } : {}) };
}

export function teamStart(start: DeskStart): TeamStart {
  const { executionId, jobId, jobName, queuedAt, when, heldBy } = start;
  const texts = [executionId, jobId, jobName].every((one) => typeof one === "string");
  const known = ["now", "when a place is free", "held"].includes(when);
  if (!texts || !known || typeof queuedAt !== "number" || !isTexts(heldBy)) throw notUnderstood("queue");
  return { executionId, jobId, jobName, queuedAt, when, heldBy };
}

/** `ahead` as for `teamJob`. */
export function teamSourceLook(look: DeskSourceLook, ahead: number): TeamSourceLook {
  const { connectionId, connectionName, readAt, why, executionIds } = look;
  // A server of an earlier release tells of none.
  const others = orNull(look.others) ?? [];
  const texts = [connectionId, connectionName].every((one) => typeof one === "string");
  if (!texts || !isNumberOrNull(readAt) || !isTextOrNull(why) || !isTexts(executionIds)) {
    throw notUnderstood("look at a source");
  }
  return {
    connectionId,
    connectionName,
    readAt,
    why,
    executionIds,
    others: each(others, "look at a source", (other) => teamOtherConnection(other, ahead)),
  };
}

function teamOtherConnection(other: DeskOtherConnection, ahead: number): TeamOtherConnection {
  const { connectionId, connectionName, poolName, executions } = other;
  if (![connectionId, connectionName, poolName].every(isTextOrNull)) throw notUnderstood("look at a source");
  return {
    connectionId,
    connectionName,
    poolName,
    executions: each(executions, "look at a source", (execution) => {
      const { executionId, jobName, status, endingSince, seen } = execution;
      const known = ["QUEUED", "RUNNING", "DECLARED"].includes(status);
      const texts = typeof executionId === "string" && isTextOrNull(jobName);
      if (!known || !texts || !isNumberOrNull(endingSince)) throw notUnderstood("look at a source");
      return {
        executionId,
        jobName,
        status,
        endingSince: endingSince === null ? null : endingSince + ahead,
        // What is not understood must not read as quiet.
        seen: seen === "unknown" || seen === null ? seen : "busy",
      };
    }),
  };
}

/** null where there are none to be told of, and of what is not understood: they decide nothing. `ahead` as for `teamJob`. */
export function teamSchedules(value: DeskSchedules | null | undefined, ahead: number): TeamSchedules | null {
  const { readAt, why, pending, starts } = orNull(value) ?? {};
  const understood =
    isNumberOrNull(readAt) &&
    isTextOrNull(why) &&
    typeof pending === "boolean" &&
    Array.isArray(starts) &&
    starts.every((start) => isObject(start) && isScheduledStart(start));
  return understood ? { readAt: readAt === null ? null : readAt + ahead, why, pending, starts } : null;
}

function isScheduledStart({ id, name, at, why, jobs }: Record<string, unknown>): boolean {
  const known = typeof id === "string" && typeof name === "string" && isNumberOrNull(at) && isTextOrNull(why);
  return known && Array.isArray(jobs) && jobs.every((job) => isObject(job) && isScheduledJob(job));
}

function isScheduledJob({ id, name, hold }: Record<string, unknown>): boolean {
  const held =
    hold === null || (isObject(hold) && typeof hold["id"] === "string" && isTextOrNull(hold["note"]));
  return typeof id === "string" && typeof name === "string" && held;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A server of an earlier release sends none. They decide nothing, so what is not understood is left out. */
export function deskSettings(value: SentSettings | null | undefined): DeskSettings {
  const settings = orNull(value);
  if (settings === null) return noDeskSettings;
  const { zone, hours24to47, contact, escalateAfterSeconds } = settings;
  const understood = isTextOrNull(zone) && typeof hours24to47 === "boolean";
  return {
    ...noDeskSettings,
    ...(understood ? { zone, hours24to47 } : {}),
    ...(isTextOrNull(contact) ? { contact } : {}),
    ...(isNumberOrNull(escalateAfterSeconds) ? { escalateAfterSeconds } : {}),
  };
}

/** @throws TeamError "unknown" for anything but a list. */
export function each<From, To>(list: From[], what: string, as: (one: From) => To): To[] {
  if (!Array.isArray(list)) throw notUnderstood(what);
  return list.map(as);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
