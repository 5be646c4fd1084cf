import type { PageSessionStore } from "../../model/state-store.ts";
import type { Connection } from "./connection.ts";

/** Sign-ins at the page. */
export function pageSessionStore(connection: Connection): PageSessionStore {
  return {
    async insertPageSession(session, hash) {
      connection.run(
        `INSERT INTO page_session (hash, key_id, opened_at, used_at)
         VALUES ($hash, $keyId, $openedAt, $usedAt)`,
        { ...session, hash },
      );
    },

    async pageSession(hash) {
      const row = connection.first("SELECT * FROM page_session WHERE hash = $hash", { hash });
      return (
        row && {
          keyId: row.text("key_id"),
          openedAt: row.integer("opened_at"),
          usedAt: row.integer("used_at"),
        }
      );
    },

    async pageSessionUsed(hash, at) {
      connection.run("UPDATE page_session SET used_at = $at WHERE hash = $hash AND used_at < $at", {
        hash,
        at,
      });
    },

    async deletePageSession(hash) {
      connection.run("DELETE FROM page_session WHERE hash = $hash", { hash });
    },

    async deleteIdlePageSessions(usedBefore) {
      connection.run("DELETE FROM page_session WHERE used_at < $usedBefore", { usedBefore });
    },
  };
}
