import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { systemClock } from "../../base/clock.ts";
import { UserError } from "../../model/errors.ts";
import type { Connection } from "./connection.ts";

interface Migration {
  number: number;
  name: string;
  sha256: string;
  sql: string;
}

/** The numbered .sql files of this version; the build copies them beside the compiled module. */
export const migrationsFolder: URL = new URL("./migrations/", import.meta.url);

const operation = "open the state database";
const fileName = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * Brings the database up to the newest migration in `folder`, in order, each in a transaction of its own.
 * Forward only.
 * @param place names the database in errors.
 * @throws UserError "conflict" if what was applied is not what this version ships: a migration was changed
 *   or is missing, or the database was written by a newer version.
 */
export function migrate(connection: Connection, place: string, folder: URL = migrationsFolder): void {
  const shipped = readMigrations(folder);
  connection.script(
    `CREATE TABLE IF NOT EXISTS migration (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL
    ) STRICT`,
  );
  const applied = connection
    .all("SELECT number, name, sha256 FROM migration ORDER BY number")
    .map((row) => ({ number: row.integer("number"), name: row.text("name"), sha256: row.text("sha256") }));
  for (const old of applied) {
    if (old.number > shipped.length) {
      throw new UserError("conflict", `it was written by a newer version (migration ${old.name})`, {
        operation,
        place,
        next: "start that version or a later one; there is no way back",
      });
    }
    const now = shipped[old.number - 1];
    if (now?.sha256 !== old.sha256) {
      throw new UserError("conflict", `migration ${old.name} is not the one that was applied to it`, {
        operation,
        place,
        next: "install this version again, unchanged; an applied migration is never edited",
      });
    }
  }
  if (applied.some((old, index) => old.number !== index + 1)) {
    throw new UserError("conflict", "its list of applied migrations has a gap", {
      operation,
      place,
      next: "restore the database from a backup",
    });
  }
  for (const migration of shipped.slice(applied.length)) apply(connection, migration);
}

/**
 * References are not enforced while it runs, because that is the only way to make a table anew that others
 * refer to; instead all of them are checked before it commits.
 */
function apply(connection: Connection, { number, name, sha256, sql }: Migration): void {
  connection.withoutReferences(() => {
    connection.script(sql);
    const [broken] = connection.all("PRAGMA foreign_key_check");
    if (broken !== undefined) {
      throw new Error(`migration ${name} leaves a row of ${broken.text("table")} without its parent`);
    }
    connection.run(
      "INSERT INTO migration (number, name, sha256, applied_at) VALUES ($number, $name, $sha256, $at)",
      {
        number,
        name,
        sha256,
        at: systemClock.now(),
      },
    );
  });
}

/** All .sql files of the folder; their numbers must be 1, 2, 3 ... */
function readMigrations(folder: URL): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .toSorted();
  if (names.length === 0)
    throw new Error(`no migrations in ${folder.href}: the installation is not complete`);
  return names.map((name, index) => {
    const number = Number(fileName.exec(name)?.[1]);
    if (number !== index + 1) {
      throw new Error(
        `${folder.href}${name}: expected the migration with number ${String(index + 1)}; one is missing or named wrongly`,
      );
    }
    // A checkout may have changed the line ends; that is not another migration.
    const sql = readFileSync(new URL(name, folder), "utf8").replaceAll("\r\n", "\n");
    return { number, name, sha256: createHash("sha256").update(sql).digest("hex"), sql };
  });
}
