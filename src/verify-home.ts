import { resolve } from "node:path";
import { filesOf } from "./home.ts";
import type { AuditHead, AuditVerdict } from "./model/audit.ts";
import { verifyAudit } from "./state/index.ts";

/** `nightdesk audit verify`: does the chain of the audit records in `home` hold? Never throws, changes nothing. */
export function verifyHome(home: string, known: AuditHead | null = null): AuditVerdict {
  const files = filesOf(resolve(home));
  return verifyAudit(files.state, files.auditKey, known);
}
