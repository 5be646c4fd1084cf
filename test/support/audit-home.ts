/** Homes with an audit log that a test tampers with. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import type { AuditEntry } from "../../src/model/audit.ts";
import { openAuditLog, openStateStore } from "../../src/state/index.ts";
import { temporaryHome } from "./state-fixtures.ts";

export const anEntry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 1_800_000_000_000,
  requestId: null,
  phase: "event",
  key: null,
  channel: "internal",
  action: "server started",
  deed: null,
  ids: {},
  executions: [],
  status: null,
  outcome: null,
  because: null,
  address: null,
  holds: [],
  before: null,
  after: null,
  late: false,
  times: 1,
  ...changes,
});

/** A home whose log holds `count` records, no server on it. */
export async function homeWithRecords(count: number): Promise<string> {
  const home = join(temporaryHome(), "home");
  await (await openStateStore(join(home, "state.db"))).close();
  const { log } = openAuditLog(join(home, "state.db"), `${home}.audit-key`);
  for (let n = 1; n <= count; n += 1) await log.append(anEntry({ at: n, because: `reason ${String(n)}` }));
  await log.close();
  return home;
}

/** A copy of a home and the key of its log, also of one with a server on it. */
export function copyOf(home: string): string {
  const copy = join(temporaryHome(), "home");
  mkdirSync(copy);
  withDatabase(home, (database) => database.exec(`VACUUM INTO '${join(copy, "state.db")}'`));
  copyFileSync(`${home}.audit-key`, `${copy}.audit-key`);
  return copy;
}

/** Opens the state database as somebody with a shell could. */
export function withDatabase<T>(home: string, work: (database: Database.Database) => T): T {
  const database = new Database(join(home, "state.db"), { timeout: 2000 });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Changes records past the triggers, which somebody with the file can drop, and puts them back. */
export function tamper(home: string, sql: string): void {
  withDatabase(home, (database) => {
    const triggers = database
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit_record'")
      .all() as { name: string; sql: string }[];
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
    database.exec(sql);
    for (const trigger of triggers) database.exec(trigger.sql);
  });
}

/** From then on no record can be written; `DROP TRIGGER no_room` ends it. */
export const noRoom =
  "CREATE TRIGGER no_room BEFORE INSERT ON audit_record BEGIN SELECT RAISE(ABORT, 'no room'); END";
