/** What a server must not lose: its definitions, executions, logs, keys and audit; its secrets; its hold on the home. */
export { givenCertificate, ownCertificate } from "./certificate.ts";
export { lockHome } from "./home-lock.ts";
export { fateOf, identityOf, type ProcessIdentity } from "./process-identity.ts";
export { openSecretBox } from "./secret-box.ts";
export { openAuditLog } from "./sqlite/audit-log.ts";
export { verifyAudit } from "./sqlite/audit-verify.ts";
export { openStateStore } from "./sqlite/open.ts";
