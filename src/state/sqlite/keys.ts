import type { ApiKey, Grant, KeyHours } from "../../model/definitions.ts";
import type { KeyStore } from "../../model/state-store.ts";
import type { Connection } from "./connection.ts";
import { explain } from "./refusals.ts";
import type { Row } from "./row.ts";

/** API keys by the hash of the key; the key itself never gets here. */
export function keyStore(connection: Connection): KeyStore {
  return {
    async insertKey({ grants, hours, jobs, addresses, ...key }, hash) {
      const taken = { message: "there is a key with this id or hash already", next: "make a new key" };
      explain({ operation: "create a key", taken }, () =>
        connection.run(
          `INSERT INTO api_key (id, name, prefix, hash, grants, hours, jobs, addresses, created_at, expires_at,
             revoked_at, last_used_at)
           VALUES ($id, $name, $prefix, $hash, $grants, $hours, $jobs, $addresses, $createdAt, $expiresAt,
             $revokedAt, $lastUsedAt)`,
          {
            ...key,
            grants: JSON.stringify(grants),
            hours: jsonOrNull(hours),
            jobs: jsonOrNull(jobs),
            addresses: jsonOrNull(addresses),
            hash,
          },
        ),
      );
    },

    async keyByHash(hash) {
      const row = connection.first("SELECT * FROM api_key WHERE hash = $hash", { hash });
      return row && { key: toKey(row), hash: row.bytes("hash") };
    },

    async keyById(id) {
      const row = connection.first("SELECT * FROM api_key WHERE id = $id", { id });
      return row && toKey(row);
    },

    async keys() {
      return connection.all("SELECT * FROM api_key ORDER BY sequence").map(toKey);
    },

    async revokeKey(id, at) {
      // The first revocation is the one that counts.
      const changes = connection.run(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, $at) WHERE id = $id",
        {
          id,
          at,
        },
      );
      return changes === 1;
    },

    async keyUsed(id, at) {
      connection.run(
        "UPDATE api_key SET last_used_at = $at WHERE id = $id AND (last_used_at IS NULL OR last_used_at < $at)",
        { id, at },
      );
    },
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function toKey(row: Row): ApiKey {
  return {
    id: row.text("id"),
    name: row.text("name"),
    prefix: row.text("prefix"),
    grants: row.json<Grant[]>("grants"),
    hours: row.jsonOrNull<KeyHours>("hours"),
    jobs: row.jsonOrNull<string[]>("jobs"),
    addresses: row.jsonOrNull<string[]>("addresses"),
    createdAt: row.integer("created_at"),
    expiresAt: row.integerOrNull("expires_at"),
    revokedAt: row.integerOrNull("revoked_at"),
    lastUsedAt: row.integerOrNull("last_used_at"),
  };
}
