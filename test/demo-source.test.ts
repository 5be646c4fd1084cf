/** Where the sample goes: the address that is given, the database that may be used, and the role that reads it. */
import pg from "pg";
import { expect, test } from "vitest";
import { accessIn, prepareSample } from "../src/demo/sample-source.ts";
import { createDatabase } from "./support/postgres.ts";

const { signal } = new AbortController();

test.each([
  ["postgresql://me:CANARY-a@db.example/erp", "disable"],
  ["postgresql://me:CANARY-a@db.example/erp?sslmode=disable", "disable"],
  ["postgres://me:CANARY-a@db.example/erp?sslmode=require", "require"],
  ["postgresql://me:CANARY-a@db.example:5432/erp?sslmode=verify-full", "verify-full"],
])("%s", (address, mode) => {
  expect(accessIn(address)).toEqual({
    host: "db.example",
    port: 5432,
    database: "erp",
    user: "me",
    password: "CANARY-a",
    ssl: { mode },
  });
});

test("user, password and database may hold escapes, and the database is the user's without one", () => {
  expect(accessIn("postgresql://a%40b:CANARY-%25%2F@[::1]:7000")).toMatchObject({
    host: "::1",
    port: 7000,
    database: "a@b",
    user: "a@b",
    password: "CANARY-%/",
  });
});

test.each([
  [
    "a mode that would have become none",
    "postgresql://me:CANARY-a@h/d?sslmode=verify-ca",
    "sslmode=verify-full",
  ],
  ["a mode that may become none", "postgresql://me:CANARY-a@h/d?sslmode=prefer", "sslmode=verify-full"],
  ["a mistyped mode", "postgresql://me:CANARY-a@h/d?sslmode=requre", "sslmode=verify-full"],
  ["an empty mode", "postgresql://me:CANARY-a@h/d?sslmode=", "sslmode=verify-full"],
  ["a bare %", "postgresql://me:CANARY-100%@h/d", "%25"],
  ["another protocol", "mysql://me:CANARY-a@h/d", "postgresql://"],
  ["no user", "postgresql://h/d", "postgresql://"],
  ["no address", "CANARY-a", "postgresql://"],
])("refused in one line without a secret: %s", (_, address, wayOut) => {
  expect(() => accessIn(address)).toThrow(wayOut);
  expect(() => accessIn(address)).toThrow(/^(?:The sslmode in )?NIGHTDESK_DEMO_PG_URL (?:(?!CANARY|\n).)+$/);
});

test("prepareSample fills once, gives a role that can only read, and makes an older sample anew", async () => {
  const database = await createDatabase("prepared");
  const { host, port, superuser } = database;
  const admin = { host, port, database: database.database, ...superuser, ssl: { mode: "disable" } } as const;
  const reader = { user: `nd_sample_${database.database}`.slice(0, 60), password: "CANARY-sample" };
  const small = { orders: 20, documents: 40 };
  let steps = 0;
  const prepare = async (wanted = small) => {
    steps = 0;
    return prepareSample(admin, reader, wanted, {
      onProgress: () => {
        steps += 1;
      },
      signal: new AbortController().signal,
    });
  };
  const access = await prepare();
  expect(steps).toBeGreaterThan(5);
  expect(access).toMatchObject({ database: "nightdesk_demo", user: reader.user });
  expect(await prepare()).toEqual(access);
  expect(steps).toBe(0);

  const client = new pg.Client({ host, port, database: access.database, ...reader });
  await client.connect();
  expect((await client.query(`SELECT count(*)::int AS n FROM "VBAK"`)).rows).toEqual([{ n: 20 }]);
  await expect(client.query(`DELETE FROM "VBAK"`)).rejects.toThrow(/permission denied/);
  await expect(client.query(`CREATE TABLE sap.mine (a int)`)).rejects.toThrow(/permission denied/);
  await client.end();

  await prepare({ orders: 30, documents: 40 });
  expect(steps).toBeGreaterThan(5);
  await database.sql("DROP DATABASE nightdesk_demo WITH (FORCE)");
  await database.sql(`DROP ROLE ${reader.user}`);
  await database.end();
});

test("a role that may use only its own database keeps to it, whatever else is on the server", async () => {
  const database = await createDatabase("own");
  const owner = { user: `nd_owner_${database.database}`.slice(0, 60), password: "CANARY-owner" };
  await database.sql(`CREATE ROLE ${owner.user} LOGIN PASSWORD '${owner.password}'`);
  await database.sql(`ALTER DATABASE ${database.database} OWNER TO ${owner.user}`);
  // Somebody who may make databases was here first.
  await database.sql(`CREATE DATABASE nightdesk_demo TEMPLATE template0 ENCODING 'UTF8'`);
  const { host, port } = database;
  const own = { host, port, database: database.database, ...owner, ssl: { mode: "disable" } } as const;
  const reader = { user: "nd_never_made", password: "CANARY-never" };
  const small = { orders: 20, documents: 40 };
  let steps = 0;
  const options = { onProgress: () => void (steps += 1), signal };
  try {
    expect(await prepareSample(own, reader, small, options)).toEqual(own);
    expect(steps).toBeGreaterThan(5);
    // Filled now: it stays where it is, also for a role that could make a database of its own.
    steps = 0;
    await database.sql(`DROP DATABASE nightdesk_demo`);
    await database.sql(`ALTER ROLE ${owner.user} CREATEDB`);
    expect(await prepareSample(own, reader, small, options)).toEqual(own);
    expect(steps).toBe(0);
  } finally {
    await database.sql("DROP DATABASE IF EXISTS nightdesk_demo WITH (FORCE)");
    await database.sql(`REASSIGN OWNED BY ${owner.user} TO ${database.superuser.user}`);
    await database.sql(`DROP OWNED BY ${owner.user}`);
    await database.sql(`DROP ROLE ${owner.user}`);
    await database.end();
  }
});
