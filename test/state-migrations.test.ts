import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { verbs } from "../src/model/definitions.ts";
import { Connection } from "../src/state/sqlite/connection.ts";
import { migrate, migrationsFolder } from "../src/state/sqlite/migrations.ts";
import { openStateStore } from "../src/state/index.ts";
import { aHold, aPool, operator, temporaryHome } from "./support/state-fixtures.ts";

interface Bench {
  folder: string;
  connection: Connection;
  migrate(): void;
  write(name: string, sql: string): void;
}

/** A copy of the shipped migrations that may be changed, and a database to apply them to. */
function bench(): Bench {
  const home = temporaryHome();
  const folder = join(home, "migrations");
  mkdirSync(folder);
  for (const name of readdirSync(migrationsFolder))
    copyFileSync(new URL(name, migrationsFolder), join(folder, name));
  const connection = new Connection(join(home, "state.db"));
  onTestFinished(() => connection.close());
  return {
    folder,
    connection,
    migrate: () => migrate(connection, "state.db", pathToFileURL(`${folder}/`)),
    write: (name, sql) => writeFileSync(join(folder, name), sql),
  };
}

const first = readdirSync(migrationsFolder).toSorted()[0] ?? "";
const next = readdirSync(migrationsFolder).length + 1;
const named = (number: number, name: string): string => `${String(number).padStart(4, "0")}-${name}.sql`;

test("migrations are applied once, in order, and later ones are added to what is there", () => {
  const { connection, migrate: run, write } = bench();
  run();
  run();
  write(
    named(next + 1, "second-thing"),
    "INSERT INTO thing VALUES (1); CREATE TABLE other (a INTEGER) STRICT;",
  );
  write(named(next, "thing"), "CREATE TABLE thing (a INTEGER) STRICT;");
  run();
  run();
  expect(connection.all("SELECT a FROM thing").map((row) => row.integer("a"))).toEqual([1]);
  const applied = connection.all("SELECT name FROM migration ORDER BY number").map((row) => row.text("name"));
  expect(applied).toEqual([
    ...readdirSync(migrationsFolder).toSorted(),
    named(next, "thing"),
    named(next + 1, "second-thing"),
  ]);
});

/** The state database of each released version, as its server left it: kill -9 with executions under way. */
test.each([["0.1.0", { SUCCESS: 1, FAIL: 1, CANCEL: 1, RUNNING: 4, QUEUED: 1 }]])(
  "a state file of %s opens, and holds what it held",
  async (version, statuses) => {
    const file = join(temporaryHome(), "state.db");
    const packed = readFileSync(new URL(`releases/state-${version}.db.gz`, import.meta.url));
    writeFileSync(file, gunzipSync(packed), { mode: 0o600 });
    const before = new Connection(file);
    const count = (table: string): number =>
      before.first(`SELECT count(*) AS n FROM ${table}`)?.integer("n") ?? 0;
    const tables = [
      "pool",
      "data_source",
      "job",
      "task",
      "execution",
      "run_plan",
      "execution_item",
      "log_line",
    ];
    const counts = tables.map(count);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    const store = await openStateStore(file);
    try {
      expect(tables.map(count)).toEqual(counts);
      const [pool] = await store.pools();
      const seen: Record<string, number> = {};
      const cancelled: string[] = [];
      for (const job of await store.jobs(pool?.id ?? "")) {
        const { executions } = await store.executions(job.id, 0, 10);
        for (const { status, plan, id } of executions) {
          seen[status] = (seen[status] ?? 0) + 1;
          expect(plan.dataSource?.id).toBe(job.dataSourceId);
          expect((await store.jobStatus(job.id))?.executionId).toBe(id);
          expect((await store.items(id)).length).toBeGreaterThan(0);
          if (status === "CANCEL") cancelled.push(id);
        }
      }
      expect(seen).toEqual(statuses);
      const [id = ""] = cancelled;
      expect(await store.stopCallers(id)).toMatchObject([
        { reason: { by: "operator", channel: "desk", because: "source closes at midnight" } },
      ]);
      expect(await store.requestStop(id, operator, 1)).toMatchObject({ execution: { status: "CANCEL" } });
      // What waits starts, unless its connection is held: the queue knows the connection of old rows too.
      const [waiting] = (await store.activeExecutions()).filter(({ status }) => status === "QUEUED");
      const connection = waiting?.plan.dataSource?.id ?? "";
      const hold = aHold(pool?.id ?? "", { scope: "connection", objectId: connection });
      await store.insertHold(hold);
      expect(await store.claimNext(100, 60)).toBeNull();
      await store.endHolds(hold.poolId, [hold.id], 61, "night");
      expect((await store.claimNext(100, 62))?.id).toBe(waiting?.id);
      const admin = (await store.keys()).find(({ name }) => name === "admin");
      expect(admin?.grants).toEqual([{ poolId: "*", verbs: [...verbs] }]);
      expect(admin).toMatchObject({ hours: null, jobs: null, addresses: null });
      // An end is final still, and only with proof.
      expect(() => before.run("UPDATE execution SET status = 'RUNNING' WHERE status = 'CANCEL'")).toThrow(
        /over/,
      );
      expect(() =>
        before.run(
          "UPDATE execution SET status = 'SUCCESS', ended_at = 1, proof_level = 'worker gone', proof_at = 1, proof_note = '' WHERE status = 'RUNNING'",
        ),
      ).toThrow(/CHECK/);
    } finally {
      await store.close();
      before.close();
    }
  },
);

test("a migration that leaves a row without its parent is refused whole", () => {
  const { connection, migrate: run, write } = bench();
  write(named(next, "orphan"), "INSERT INTO log_line VALUES (1, 'nobody', 'x', 'INFO', 1, '', NULL, '[]');");
  expect(run).toThrow(/without its parent/);
  expect(connection.all("SELECT * FROM log_line")).toEqual([]);
  expect(connection.first("PRAGMA foreign_keys")?.integer("foreign_keys")).toBe(1);
});

test("a migration that fails leaves nothing behind and can be applied when it is right", () => {
  const { connection, migrate: run, write } = bench();
  write(named(next, "thing"), "CREATE TABLE thing (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1);");
  expect(run).toThrow(/nowhere/);
  expect(connection.first("SELECT name FROM sqlite_schema WHERE name = 'thing'")).toBeNull();
  write(named(next, "thing"), "CREATE TABLE thing (a INTEGER) STRICT;");
  run();
  expect(connection.all("SELECT * FROM thing")).toEqual([]);
});

test("line ends of a checkout make no difference, any other change is refused", () => {
  const { folder, migrate: run, write } = bench();
  run();
  const sql = readFileSync(join(folder, first), "utf8");
  write(first, sql.replaceAll("\n", "\r\n"));
  run();
  write(first, `${sql} `);
  expect(run).toThrow(
    expect.objectContaining({
      kind: "conflict",
      message: `migration ${first} is not the one that was applied to it`,
    }),
  );
});

test("a database of a newer version is refused with the way out", () => {
  const { folder, migrate: run, write } = bench();
  write(named(next, "thing"), "CREATE TABLE thing (a INTEGER) STRICT;");
  run();
  rmSync(join(folder, named(next, "thing")));
  expect(run).toThrow(
    expect.objectContaining({
      kind: "conflict",
      message: `it was written by a newer version (migration ${named(next, "thing")})`,
    }),
  );
});

test("a gap, in the folder or in the database, is refused", () => {
  const { folder, connection, migrate: run, write } = bench();
  write(named(next + 1, "late"), "SELECT 1;");
  expect(run).toThrow(/one is missing/);
  rmSync(join(folder, named(next + 1, "late")));
  write(named(next, "thing"), "CREATE TABLE thing (a INTEGER) STRICT;");
  run();
  connection.run("DELETE FROM migration WHERE number = 1");
  expect(run).toThrow(/gap/);
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  expect(run).toThrow(/installation is not complete/);
});

test("openStateStore refuses a changed history and lets go of the file", async () => {
  const file = join(temporaryHome(), "state.db");
  const store = await openStateStore(file);
  const pool = aPool();
  await store.insertPool(pool);
  await store.close();
  const connection = new Connection(file);
  connection.run("UPDATE migration SET sha256 = '' WHERE number = 1");
  await expect(openStateStore(file)).rejects.toMatchObject({
    kind: "conflict",
    operation: "open the state database",
    place: file,
  });
  expect(connection.all("SELECT id FROM pool").map((row) => row.text("id"))).toEqual([pool.id]);
  connection.close();
  expect(existsSync(file)).toBe(true);
});

test("the database is written so that an acknowledged transaction survives", () => {
  const { connection } = bench();
  const pragma = (name: string, column = name): unknown =>
    connection.first(`PRAGMA ${name}`)?.integer(column);
  expect(connection.first("PRAGMA journal_mode")?.text("journal_mode")).toBe("wal");
  expect(pragma("synchronous")).toBe(2);
  expect(pragma("foreign_keys")).toBe(1);
  expect(pragma("busy_timeout", "timeout")).toBe(5000);
});

test("an integer beyond 2^53 is refused rather than rounded, and a wrong type is named", () => {
  const { connection } = bench();
  const row = connection.first("SELECT 9007199254740993 AS big, 'x' AS text, NULL AS absence");
  expect(() => row?.integer("big")).toThrow('column "big"');
  expect(() => row?.integer("text")).toThrow('column "text"');
  expect(() => row?.text("absence")).toThrow('column "absence"');
  expect(() => row?.textOrNull("absent")).toThrow('column "absent"');
  expect(() => connection.all("SELECT $a", { a: true as unknown as number })).toThrow(TypeError);
});
