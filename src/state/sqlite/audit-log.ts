import { createSecretKey } from "node:crypto";
import type { AuditEntry, AuditHead, AuditLog, AuditRecord } from "../../model/audit.ts";
import { hasKeyFile, makeKeyFile, readKeyFile } from "../key-file.ts";
import { chained, lineOf, noHead } from "./audit-chain.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import type { Row } from "./row.ts";

/**
 * Shorter than for the rest of the state: a stop waits for its record no longer than this, and a server whose
 * database is held by somebody else must go on answering.
 */
const busyMs = 250;

export const auditKeyUse = {
  operation: "open the key of the audit log",
  restore: "restore it from a backup; without it the records so far cannot be verified",
};

const newest = "SELECT sequence, hmac FROM audit_record ORDER BY sequence DESC LIMIT 1";

/**
 * Opens the audit log in the state database `file`, which `openStateStore` has brought up to date, over a
 * connection of its own. The key is made if it is missing; `keyReplaced` says that there were records of another.
 * @throws UserError about the key file, see `readKeyFile`.
 */
export function openAuditLog(
  file: string,
  keyFile: string,
  options: Pick<ConnectionOptions, "onBroken"> = {},
): { log: AuditLog; keyReplaced: boolean } {
  const connection = new Connection(file, { ...options, busyMs });
  try {
    const keyReplaced = !hasKeyFile(keyFile) && headOf(connection).sequence > 0;
    if (!hasKeyFile(keyFile)) makeKeyFile(keyFile);
    const key = createSecretKey(readKeyFile(keyFile, auditKeyUse));
    const append = (entry: AuditEntry): AuditHead =>
      connection.transaction(() => {
        const line = lineOf(entry);
        const head = chained(key, headOf(connection), line);
        connection.run("INSERT INTO audit_record (sequence, record, hmac) VALUES ($sequence, $line, $hmac)", {
          ...head,
          line,
        });
        return head;
      });
    return { log: auditLog(connection, append), keyReplaced };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function headOf(connection: Connection): AuditHead {
  const row = connection.first(newest);
  return row === null ? noHead : { sequence: row.integer("sequence"), hmac: row.text("hmac") };
}

function auditLog(connection: Connection, append: (entry: AuditEntry) => AuditHead): AuditLog {
  const within = (poolId: string | undefined): string =>
    `FROM audit_record WHERE ${poolId === undefined ? "" : "pool_id = $poolId AND "}at >= $from AND at < $to`;
  return {
    async append(entry) {
      return append(entry);
    },

    async head() {
      return headOf(connection);
    },

    async records({ poolId, from, to, page, limit }) {
      const range = { from, to, ...(poolId === undefined ? {} : { poolId }) };
      const rows = connection.all(
        `SELECT sequence, record, hmac ${within(poolId)} ORDER BY at, sequence LIMIT $limit OFFSET $offset`,
        { ...range, limit, offset: page * limit },
      );
      const count = connection.first(`SELECT count(*) AS n ${within(poolId)}`, range);
      return { records: rows.map(toRecord), total: count?.integer("n") ?? 0 };
    },

    async recordsOf(requestId) {
      const sql =
        "SELECT sequence, record, hmac FROM audit_record WHERE request_id = $requestId ORDER BY at, sequence";
      return connection.all(sql, { requestId }).map(toRecord);
    },

    async close() {
      connection.close();
    },
  };
}

/** A record of an earlier version has no hashes and no holds. */
type StoredEntry = Omit<AuditEntry, "before" | "after" | "holds"> & Partial<AuditEntry>;

function toRecord(row: Row): AuditRecord {
  return {
    holds: [],
    before: null,
    after: null,
    ...row.json<StoredEntry>("record"),
    sequence: row.integer("sequence"),
    hmac: row.text("hmac"),
  };
}
