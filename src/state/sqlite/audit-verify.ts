import { createSecretKey, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { errorLine } from "../../model/errors.ts";
import type { AuditHead, AuditVerdict } from "../../model/audit.ts";
import { hasKeyFile, readKeyFile } from "../key-file.ts";
import { chained, noHead } from "./audit-chain.ts";
import { auditKeyUse } from "./audit-log.ts";
import { Connection } from "./connection.ts";

const pageRows = 1000;

/**
 * Reads the whole chain in `file` and says whether it holds. Changes nothing; works while a server writes.
 * `known`: a head that was noted elsewhere. Only against one can it be seen that records are missing at the
 * end, or that all of it is an older copy.
 * Never throws: what keeps it from telling is a verdict too.
 */
export function verifyAudit(file: string, keyFile: string, known: AuditHead | null = null): AuditVerdict {
  if (!existsSync(file)) return unknown(`there is no state database ${file}`);
  if (!hasKeyFile(keyFile)) return unknown(`the key of the audit log is missing (${keyFile})`);
  let connection: Connection | null = null;
  try {
    const key = createSecretKey(readKeyFile(keyFile, auditKeyUse));
    connection = new Connection(file, { readOnly: true });
    // One snapshot, however long it takes and whatever is added meanwhile.
    connection.script("BEGIN");
    return walk(connection, key, known);
  } catch (error) {
    return unknown(errorLine(error));
  } finally {
    connection?.close();
  }
}

function walk(connection: Connection, key: KeyObject, known: AuditHead | null): AuditVerdict {
  let head = noHead;
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = connection.all(
      "SELECT sequence, record, hmac FROM audit_record WHERE sequence > $after ORDER BY sequence LIMIT $limit",
      { after, limit: pageRows },
    );
    for (const row of rows) {
      const sequence = row.integer("sequence");
      if (sequence < head.sequence + 1) return wrong(sequence, "is not of the chain, which begins with 1");
      if (sequence > head.sequence + 1) return wrong(head.sequence + 1, "is missing");
      const expected = chained(key, head, row.text("record"));
      if (expected.hmac !== row.text("hmac")) return wrong(sequence, changed(sequence));
      if (known?.sequence === sequence && known.hmac !== expected.hmac) {
        return wrong(
          sequence,
          "is not the one whose head was given: the log is another one from here or before",
        );
      }
      head = expected;
      after = sequence;
    }
    if (rows.length < pageRows) break;
  }
  if (known !== null && known.sequence > head.sequence) {
    return wrong(
      head.sequence + 1,
      `and all up to ${String(known.sequence)}, whose head was given, are missing`,
    );
  }
  // A server that ever started has written one.
  if (head.sequence === 0) return unknown("there are no records");
  return { holds: true, records: head.sequence, head };
}

function changed(sequence: number): string {
  const another = sequence === 1 ? ", or the key is not the one it was written with" : "";
  return `was changed, or stands in the place of another${another}`;
}

function wrong(record: number, what: string): AuditVerdict {
  return { holds: false, record, reason: `record ${String(record)} ${what}` };
}

function unknown(reason: string): AuditVerdict {
  return { holds: false, record: null, reason };
}
