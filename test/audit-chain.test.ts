/** The chain of the audit records: what is done to it behind the server's back is named, record by record. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAuditLog } from "../src/state/index.ts";
import { Connection } from "../src/state/sqlite/connection.ts";
import { verifyHome } from "../src/verify-home.ts";
import { anEntry, copyOf, homeWithRecords, tamper, withDatabase } from "./support/audit-home.ts";
import { runNightdesk } from "./support/cli-run.ts";

const count = 12;
const home = (): Promise<string> => homeWithRecords(count);
const each = Array.from({ length: count }, (_, index) => index + 1);

/** What a wrong record is called; anything else fails the comparison. */
const bad = (record: number, reason: RegExp): unknown => ({
  holds: false,
  record,
  reason: expect.stringMatching(reason),
});

function headOf(folder: string): { sequence: number; hmac: string } {
  const verdict = verifyHome(folder);
  if (!verdict.holds) throw new Error(verdict.reason);
  return verdict.head;
}

test("an untouched chain holds, also against any head that was ever noted", async () => {
  const folder = await home();
  const heads = withDatabase(folder, (database) =>
    database.prepare("SELECT sequence, hmac FROM audit_record").all(),
  ) as { sequence: number; hmac: string }[];
  expect(heads).toHaveLength(count);
  for (const { sequence, hmac } of heads) {
    expect(verifyHome(folder, { sequence, hmac })).toMatchObject({ holds: true, records: count });
  }
});

test("a flipped bit in any record is found at that record", async () => {
  const original = await home();
  for (const n of each) {
    const folder = copyOf(original);
    tamper(
      folder,
      `UPDATE audit_record SET record = replace(record, 'reason ${String(n)}"', 'reasom ${String(n)}"') WHERE sequence = ${String(n)}`,
    );
    expect(verifyHome(folder)).toEqual(bad(n, /was changed/));
  }
});

test("a deleted record is found at its place, wherever it was", async () => {
  const original = await home();
  const head = headOf(original);
  for (const n of each) {
    const folder = copyOf(original);
    tamper(folder, `DELETE FROM audit_record WHERE sequence = ${String(n)}`);
    expect(verifyHome(folder, head)).toEqual(bad(n, /missing/));
  }
});

test("a deleted record is found also when the later ones are numbered anew", async () => {
  const original = await home();
  for (const n of each.slice(0, -1)) {
    const folder = copyOf(original);
    tamper(
      folder,
      `PRAGMA ignore_check_constraints = ON;
       DELETE FROM audit_record WHERE sequence = ${String(n)};
       UPDATE audit_record SET sequence = -sequence WHERE sequence > ${String(n)};
       UPDATE audit_record SET sequence = -sequence - 1 WHERE sequence < 0`,
    );
    expect(verifyHome(folder)).toEqual(bad(n, /was changed, or stands in the place of another/));
  }
});

test("two records that changed places are found at the first", async () => {
  const original = await home();
  for (const n of each.slice(0, -1)) {
    const folder = copyOf(original);
    tamper(
      folder,
      `PRAGMA ignore_check_constraints = ON;
       UPDATE audit_record SET sequence = 0 WHERE sequence = ${String(n)};
       UPDATE audit_record SET sequence = ${String(n)} WHERE sequence = ${String(n + 1)};
       UPDATE audit_record SET sequence = ${String(n + 1)} WHERE sequence = 0`,
    );
    expect(verifyHome(folder)).toEqual(bad(n, /in the place of another/));
  }
});

test("what is cut off at the end is seen against a head that was noted, and only against one", async () => {
  const original = await home();
  const head = headOf(original);
  for (const n of each.slice(1)) {
    const folder = copyOf(original);
    tamper(folder, `DELETE FROM audit_record WHERE sequence >= ${String(n)}`);
    expect(verifyHome(folder)).toMatchObject({ holds: true, records: n - 1 });
    expect(verifyHome(folder, head)).toEqual(bad(n, /and all up to 12, whose head was given, are missing/));
  }
  const folder = copyOf(original);
  tamper(folder, "DELETE FROM audit_record");
  expect(verifyHome(folder)).toMatchObject({ holds: false, reason: "there are no records" });
});

test("an older copy that went on by itself is not the log whose head was noted", async () => {
  const original = await home();
  const older = copyOf(original);
  for (const [folder, because] of [
    [original, "one"],
    [older, "another"],
  ] as const) {
    const { log } = openAuditLog(join(folder, "state.db"), `${folder}.audit-key`);
    await log.append(anEntry({ because }));
    await log.close();
  }
  expect(verifyHome(older)).toMatchObject({ holds: true });
  expect(verifyHome(older, headOf(original))).toEqual(bad(13, /is not the one whose head was given/));
});

test("a record of another continuation with the same key does not fit in", async () => {
  const original = await home();
  const other = copyOf(original);
  for (const [folder, word] of [
    [original, "one"],
    [other, "another"],
  ] as const) {
    const { log } = openAuditLog(join(folder, "state.db"), `${folder}.audit-key`);
    await log.append(anEntry({ because: `${word} 13` }));
    await log.append(anEntry({ because: `${word} 14` }));
    await log.close();
  }
  tamper(
    original,
    `ATTACH '${join(other, "state.db")}' AS other;
     UPDATE audit_record SET (record, hmac) = (SELECT record, hmac FROM other.audit_record WHERE sequence = 14)
     WHERE sequence = 14`,
  );
  expect(verifyHome(original)).toEqual(bad(14, /in the place of another/));
});

test("a record that was put in front, and one whose HMAC was exchanged", async () => {
  const original = await home();
  const front = copyOf(original);
  tamper(
    front,
    `PRAGMA ignore_check_constraints = ON;
     INSERT INTO audit_record (sequence, record, hmac) SELECT 0, record, hmac FROM audit_record WHERE sequence = 1`,
  );
  expect(verifyHome(front)).toEqual(bad(0, /is not of the chain/));
  const exchanged = copyOf(original);
  tamper(exchanged, `UPDATE audit_record SET hmac = '${"0".repeat(64)}' WHERE sequence = 7`);
  expect(verifyHome(exchanged)).toEqual(bad(7, /was changed/));
});

test("the database refuses to change or remove a record, or to put one between", async () => {
  const folder = await home();
  withDatabase(folder, (database) => {
    const record = "SELECT record, hmac FROM audit_record WHERE sequence = 1";
    for (const [sql, message] of [
      ["UPDATE audit_record SET record = '{}' WHERE sequence = 3", "never changes"],
      ["DELETE FROM audit_record WHERE sequence = 12", "never deleted"],
      ["DELETE FROM audit_record", "never deleted"],
      [
        `INSERT OR REPLACE INTO audit_record (sequence, record, hmac) SELECT 3, * FROM (${record})`,
        "one after",
      ],
      [`INSERT INTO audit_record (sequence, record, hmac) SELECT 99, * FROM (${record})`, "one after"],
    ] as const) {
      expect(() => database.exec(sql), sql).toThrow(message);
    }
  });
  expect(verifyHome(folder)).toMatchObject({ holds: true, records: count });
});

test("the verifier writes nothing, and says what keeps it from telling", async () => {
  const folder = await home();
  const files = (): unknown =>
    readdirSync(folder)
      .toSorted()
      .map((name) => [
        name,
        name.endsWith("-shm") ? "" : readFileSync(join(folder, name)).toString("base64"),
      ]);
  const before = files();
  expect(verifyHome(folder)).toMatchObject({ holds: true });
  expect(files()).toEqual(before);
  const readOnly = new Connection(join(folder, "state.db"), { readOnly: true });
  expect(() => readOnly.script("CREATE TABLE other (a INTEGER)")).toThrow(/readonly/);
  readOnly.close();

  chmodSync(`${folder}.audit-key`, 0o644);
  expect(verifyHome(folder)).toMatchObject({ record: null, reason: expect.stringContaining("chmod 600") });
  rmSync(`${folder}.audit-key`);
  expect(verifyHome(folder)).toMatchObject({ record: null, reason: expect.stringContaining("is missing") });
  expect(readdirSync(join(folder, ".."))).toEqual(["home"]);
  expect(verifyHome(join(folder, "elsewhere"))).toMatchObject({
    record: null,
    reason: expect.stringContaining("no state database"),
  });
});

test("with another key the first record is wrong, and opening the log says that its key is new", async () => {
  const folder = await home();
  const open = (): boolean => {
    const { log, keyReplaced } = openAuditLog(join(folder, "state.db"), `${folder}.audit-key`);
    void log.close();
    return keyReplaced;
  };
  expect(open()).toBe(false);
  expect(statSync(`${folder}.audit-key`).mode & 0o777).toBe(0o600);
  rmSync(`${folder}.audit-key`);
  expect(open()).toBe(true);
  expect(open()).toBe(false);
  expect(verifyHome(folder)).toEqual(bad(1, /or the key is not the one/));
});

test("whatever text is in a record, it is one line of ASCII in the database and comes back as it was", async () => {
  const folder = await homeWithRecords(0);
  const { log } = openAuditLog(join(folder, "state.db"), `${folder}.audit-key`);
  const name = 'a\r\nb\u001b[2J\u2028\u0000"\\\ud800 夜';
  await log.append(anEntry({ key: { id: null, name, prefix: "ndk_" } }));
  const { records } = await log.records({ from: 0, to: Number.MAX_SAFE_INTEGER, page: 0, limit: 1 });
  expect(records[0]?.key?.name).toBe(name);
  await log.close();
  const [row] = withDatabase(folder, (database) => database.prepare("SELECT record FROM audit_record").all());
  expect((row as { record: string }).record).toMatch(/^[\x20-\x7e]+$/);
  expect(verifyHome(folder)).toMatchObject({ holds: true, records: 1 });
});

test("the queries of the log use its indices", async () => {
  const folder = await home();
  const { log } = openAuditLog(join(folder, "state.db"), `${folder}.audit-key`);
  const range = { from: 3, to: 6, page: 0, limit: 2 };
  expect(await log.records(range)).toMatchObject({ total: 3, records: [{ sequence: 3 }, { sequence: 4 }] });
  expect((await log.records({ ...range, page: 1 })).records).toMatchObject([
    { sequence: 5, because: "reason 5" },
  ]);
  await log.close();
  withDatabase(folder, (database) => {
    for (const where of [
      "at >= 3 AND at < 6 ORDER BY at, sequence LIMIT 2",
      "pool_id = 'a' AND at >= 3 AND at < 6 ORDER BY at, sequence LIMIT 2",
      "request_id = 'a' ORDER BY at, sequence",
    ]) {
      const plan = database
        .prepare(`EXPLAIN QUERY PLAN SELECT record FROM audit_record WHERE ${where}`)
        .all();
      expect((plan as { detail: string }[])[0]?.detail, where).toMatch(/^SEARCH audit_record USING INDEX/);
    }
  });
});

test("nightdesk audit verify: 0 and one line, 20 and what is wrong, 50 for a wrong command", async () => {
  const folder = await home();
  const head = headOf(folder);
  const noted = `${String(head.sequence)}:${head.hmac}`;
  const verify = (...more: string[]) =>
    runNightdesk(["audit", "verify", "--home", folder, ...more], {
      verifyAudit: (path, known) => Promise.resolve(verifyHome(path, known)),
    });
  expect(await verify()).toMatchObject({ code: 0, stdout: `AUDIT HOLDS: 12 records, head ${noted}\n` });
  expect((await verify("--head", noted.toUpperCase())).code).toBe(0);
  expect(JSON.parse((await verify("--json")).stdout)).toMatchObject({
    code: 0,
    holds: true,
    head,
    record: null,
  });
  tamper(folder, `UPDATE audit_record SET record = '{"at":1}' WHERE sequence = 1`);
  const wrong =
    "record 1 was changed, or stands in the place of another, or the key is not the one it was written with";
  expect(await verify()).toMatchObject({ code: 20, stdout: `AUDIT NOT PROVEN: ${wrong}\n` });
  expect(JSON.parse((await verify("--json")).stdout)).toMatchObject({ code: 20, holds: false, record: 1 });
  for (const argv of [["--head", "12"], ["--head", `0:${head.hmac}`], ["--head", ""], ["--all"]]) {
    expect(await verify(...argv)).toMatchObject({ code: 50, lines: ["NIGHTDESK USAGE", expect.anything()] });
  }
  expect((await runNightdesk(["audit"])).code).toBe(50);
  expect((await runNightdesk(["audit", "verify"])).code).toBe(50);
  const faulty = await runNightdesk(["audit", "verify", "--home", folder]);
  expect(faulty.code).toBe(20);
});
