/** What a server must not lose: its definitions, executions, logs and keys; its secrets; its hold on the home. */
export { lockHome } from "./home-lock.ts";
export { fateOf, identityOf, type ProcessIdentity } from "./process-identity.ts";
export { openSecretBox } from "./secret-box.ts";
export { openStateStore } from "./sqlite/open.ts";
