import { createHmac, type KeyObject } from "node:crypto";
import { asciiJson } from "../../base/ascii.ts";
import type { AuditEntry, AuditHead } from "../../model/audit.ts";

/** Before the first record. */
export const noHead: AuditHead = { sequence: 0, hmac: "" };

/** The stored line of an entry: always the same fields in the same order, pure ASCII, one line. */
export function lineOf(entry: AuditEntry): string {
  const { at, requestId, phase, key, channel, action, deed, ids, executions, holds } = entry;
  const { status, outcome, because, address, before, after, late, times } = entry;
  return asciiJson({
    at,
    requestId,
    phase,
    key: key === null ? null : { id: key.id, name: key.name, prefix: key.prefix },
    channel,
    action,
    deed,
    ids,
    executions,
    holds,
    status,
    outcome,
    because,
    address,
    before,
    after,
    late,
    times,
  });
}

/**
 * HMAC-SHA256 over the stored bytes of a record, its number and the HMAC of the record before it: nothing of
 * the three can be exchanged without the key.
 */
export function chained(key: KeyObject, previous: AuditHead, line: string): AuditHead {
  const sequence = previous.sequence + 1;
  const mac = createHmac("sha256", key).update(`${String(sequence)}\n${previous.hmac}\n${line}`, "utf8");
  return { sequence, hmac: mac.digest("hex") };
}
