/** F25, poison rows through whole runs: what the pool holds arrives as it is, the rest is a failure with place and next step. */
import fc from "fast-check";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stagingIn } from "./support/contents.ts";
import {
  makeExtractionJob,
  makePool,
  queryPool,
  startTestServer,
  taggedSessions,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";

interface Place {
  source: TestDatabase;
  poolId: string;
  dataSourceId: string;
}

const encodings = ["SQL_ASCII", "WIN1252", "EUC_JP"] as const;
let server: TestServer;
let utf8: Place;
const others = new Map<string, Place>();

beforeAll(async () => {
  server = await startTestServer();
  const open = async (encoding?: string): Promise<Place> => {
    const source = await createDatabase("poison", encoding === undefined ? {} : { encoding });
    return { source, ...(await makePool(server, source, encoding ?? "UTF8")) };
  };
  utf8 = await open();
  for (const encoding of encodings) others.set(encoding, await open(encoding));
});
afterAll(async () => {
  await server?.stop();
  for (const { source } of [utf8, ...others.values()]) await source?.end();
});

function placeOf(encoding: string): Place {
  const place = others.get(encoding);
  if (place === undefined) throw new Error(`no database in ${encoding}`);
  return place;
}

type Job = Awaited<ReturnType<typeof makeExtractionJob>>;
type TableOf = Record<string, unknown>;

/** Runs it to its end: status, and what the execution says of itself. */
async function run({ poolId }: Place, job: Job, mode = "FULL"): Promise<{ status: string; says: string }> {
  const { executionId } = await server.ok("POST", `${job.path}/execute`, { mode });
  const status = await waitForStatus(server, poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL");
  const receipt = await server.ok("GET", `/desk/v1/executions/${executionId}/receipt`);
  return { status, says: String(receipt.failure) };
}

/** After a run that failed: nothing of it is at the source or in the pool's file. */
async function expectNothingLeft({ source, poolId }: Place): Promise<void> {
  expect(await taggedSessions(source)).toEqual([]);
  expect(await stagingIn(join(server.home, "pools", poolId))).toEqual([]);
}

/**
 * A job over a table `t` of good rows and a neighbour `n`, once loaded. Then `poison` changes the source, `n` gets
 * another row, and the job must fail and leave both targets as they were. Returns what the failure says.
 */
async function refusal(
  place: Place,
  { good, poison, columns = [] }: { good: string; poison: string; columns?: TableOf[] },
): Promise<string> {
  const { source } = place;
  await source.sql(`drop table if exists t, n; ${good}; create table n as select 1 as a`);
  const job = await makeExtractionJob(server, place, `job ${Math.random().toString(36).slice(2)}`, [
    // The neighbour comes first: its rows are staged when the other one fails.
    { tableName: "n" },
    { tableName: "t", columns },
  ]);
  expect(await run(place, job)).toEqual({ status: "SUCCESS", says: "null" });
  const held = async (): Promise<unknown> => [
    await queryPool(server, job.path, "select count(*)::int, bit_xor(hash(t)) ::varchar from t"),
    await queryPool(server, job.path, "select count(*)::int, sum(a)::int from n"),
  ];
  const before = await held();
  await source.sql(`${poison}; insert into n values (2)`);
  const failed = await run(place, job);
  expect(failed.status).toBe("FAIL");
  expect(failed.says).toMatch(/ Next: \S/);
  expect(failed.says).not.toMatch(/[\r\n]/);
  expect(await held()).toEqual(before);
  await expectNothingLeft(place);
  return failed.says;
}

const misfit = (value: string, type: string): RegExp =>
  new RegExp(`value ${value} in column "v" of public\\.t does not fit ${type}`);

/** Column type, poison, and what is said of it; some with the type that the user chose for the column. */
const misfits: [type: string, poison: string, says: RegExp, preferredType?: string][] = [
  ["numeric", "1e400", misfit(`10{199}\\.\\.\\. \\(401 characters\\)`, "DECIMAL\\(38,12\\)")],
  ["numeric", "-1e-400", misfit("-0\\.0+\\.\\.\\. \\(403 characters\\)", "DECIMAL\\(38,12\\)")],
  ["numeric", "'NaN'", misfit("NaN", "DECIMAL\\(38,12\\)")],
  ["numeric", "'Infinity'", misfit("Infinity", "DECIMAL\\(38,12\\)")],
  ["numeric", "'-Infinity'", misfit("-Infinity", "DECIMAL\\(38,12\\)")],
  ["numeric(10,2)", "'NaN'", misfit("NaN", "DECIMAL\\(10,2\\)")],
  ["numeric(60,0)", `1${"0".repeat(38)}`, misfit(`10{38}`, "DECIMAL\\(38,12\\)")],
  ["numeric", "18446744073709551616", misfit("18446744073709551616", "DECIMAL\\(19,0\\)"), "BIGINT"],
  ["numeric", "0.5", misfit("0.5", "DECIMAL\\(19,0\\)"), "BIGINT"],
  ["text", "'9223372036854775808'", /table "t", column "v".*does not fit the type BIGINT/, "BIGINT"],
  ["text", "'2.5'", misfit("2.5", "DECIMAL\\(10,0\\)"), "INTEGER"],
  ["text", "'1.005'", misfit("1.005", "DECIMAL\\(10,2\\)"), "DECIMAL(10,2)"],
  ["text", "'12,5'", /public\.t: invalid input syntax for type numeric: "12,5" \(22P02\)/, "INTEGER"],
  ["text", "'1e400'", /public\.t: "1e400" is out of range for type double precision \(22003\)/, "DOUBLE"],
  ["varchar(9)", "'-1e-400'", /public\.t: "-1e-400" is out of range for type double precision/, "DOUBLE"],
  ["text", "'1e39'", /public\.t: "1e39" is out of range for type real \(22003\)/, "FLOAT"],
  ["double precision", "1e300", /table "t", column "v".*does not fit the type FLOAT/, "REAL"],
  ["text", "'0000-00-00'", /table "t", column "v".*does not fit the type DATE/, "DATE"],
  ["bigint", "2147483648", /table "t", column "v".*does not fit the type INTEGER/, "INTEGER"],
  ["timestamp", "'294276-12-31 23:59:59.999999'", misfit("\\d+ microseconds after 1970", "a timestamp")],
  ["timestamptz", "'294276-12-31 23:59:59+00'", misfit("\\d+ microseconds after 1970", "a timestamp")],
];

test.each(misfits)(
  "a %s of %s is refused, the tables are as they were",
  async (type, value, says, preferredType) => {
    const chosen = (columnName: string): TableOf => ({ columnName, preferredType: null, primaryKey: false });
    const refused = await refusal(utf8, {
      good: `create table t as select g as k, null::${type} as v from generate_series(1, 3000) g`,
      // In the second batch, between rows that are well.
      poison: `insert into t values (3001, ${value}), (3002, null)`,
      columns: preferredType === undefined ? [] : [chosen("k"), { ...chosen("v"), preferredType }],
    });
    expect(refused).toMatch(says);
  },
);

test.each([
  ['"Betrag" int, "BETRAG" int', /columns "Betrag" and "BETRAG" are the same name here/],
  ['"_celonis_change_date" int', /the name _CELONIS_CHANGE_DATE is taken/],
])("columns %s that cannot stand side by side are refused by name", async (columns, says) => {
  const refused = await refusal(utf8, {
    good: "create table t as select 1 as k",
    poison: `alter table t ${columns.replace(/(^|, )/g, "$1add column ")}`,
  });
  expect(refused).toMatch(says);
});

/** Bytes that are no text in UTF-8, and what PostgreSQL shows of them. */
const brokenTexts: [what: string, bytes: number[], shown: string][] = [
  ["a byte of LATIN1", [0xe4], "0xe4"],
  ["a continuation without a beginning", [0x41, 0x80], "0x80"],
  ["a text that is cut off", [0xe6, 0xbc], "0xe6 0xbc"],
  ["an overlong NUL", [0xc0, 0x80], "0xc0 0x80"],
  ["a lone surrogate", [0xed, 0xa0, 0x80], "0xed 0xa0 0x80"],
  ["a code point beyond the last", [0xf4, 0x90, 0x80, 0x80], "0xf4 0x90 0x80 0x80"],
  ["a byte that UTF-8 never has, in a long text", [...Array<number>(5000).fill(0x61), 0xff], "0xff"],
];
const textOf = (bytes: number[]): string =>
  `convert_from('\\x${Buffer.from(bytes).toString("hex")}', 'SQL_ASCII')`;

test.each(brokenTexts)(
  "SQL_ASCII: %s is refused with its bytes, never dropped or replaced",
  async (_, bytes, shown) => {
    const refused = await refusal(placeOf("SQL_ASCII"), {
      good: "create table t as select g as k, 'good'::text as v from generate_series(1, 3000) g",
      poison: `insert into t values (3001, ${textOf(bytes)}), (3002, 'good')`,
    });
    expect(refused).toMatch(
      new RegExp(
        `public\\.t: invalid byte sequence for encoding "UTF8": ${shown} \\(22021\\). Next: repair the text`,
      ),
    );
  },
);

test.each([
  ["WIN1252", "chr(129)", /has no equivalent in encoding "UTF8"/],
  ["EUC_JP", "convert_from('\\xada1a9a1', 'EUC_JP')", /has no equivalent in encoding "UTF8"/],
])(
  "%s: a character that UTF-8 does not have is refused in the server's words",
  async (encoding, value, says) => {
    const refused = await refusal(placeOf(encoding), {
      good: "create table t as select 1 as k, 'good'::text as v",
      poison: `insert into t values (2, ${value})`,
    });
    expect(refused).toMatch(says);
  },
);

test("other encodings arrive as the same text", async () => {
  for (const [encoding, text] of [
    ["WIN1252", "Größe – 5 €"],
    ["EUC_JP", "夜間の停止"],
    ["SQL_ASCII", "Größe 夜 😀"],
  ] as const) {
    const place = placeOf(encoding);
    await place.source.sql("drop table if exists t; create table t (v text)");
    await place.source.sql(
      encoding === "SQL_ASCII"
        ? `insert into t values (${textOf([...Buffer.from(text)])})`
        : `insert into t values ('${text}')`,
    );
    const job = await makeExtractionJob(server, place, `text ${encoding}`, ["t"]);
    expect(await run(place, job)).toMatchObject({ status: "SUCCESS" });
    expect(await queryPool(server, job.path, "select v from t")).toEqual([[text]]);
  }
});

/** Column type, SQL of the value, and how the pool writes it. */
const loaded: [type: string, value: string, inPool: string | null][] = [
  ["double precision", "'Infinity'", "inf"],
  ["double precision", "'-Infinity'", "-inf"],
  ["double precision", "'NaN'", "nan"],
  ["double precision", "'-0'", "-0.0"],
  ["real", "'NaN'", "nan"],
  ["date", "'infinity'", "infinity"],
  ["date", "'-infinity'", "-infinity"],
  ["date", "'4713-01-01 BC'", "4713-01-01 (BC)"],
  ["date", "'0001-12-31 BC'", "0001-12-31 (BC)"],
  ["date", "'5874897-12-31'", "5874897-12-31"],
  ["timestamp", "'infinity'", "infinity"],
  ["timestamp", "'-infinity'", "-infinity"],
  ["timestamp", "'4713-01-01 00:00:00 BC'", "4713-01-01 (BC) 00:00:00"],
  ["timestamp", "'294246-12-31 23:59:59.999999'", "294246-12-31 23:59:59.999999"],
  ["numeric(38,0)", "9".repeat(38), "9".repeat(38)],
  ["bigint", "-9223372036854775808", "-9223372036854775808"],
  ["text", "''", ""],
  ["text", "NULL", null],
  ["text", "'NULL'", "NULL"],
  ["text", "E'\\\\N'", "\\N"],
  ["text", "' '", " "],
  ["char(3)", "''", "   "],
  ["text", "E'a\\tb\\r\\nc\\x01\\x07\\x1b[2J\\x7f'", "a\tb\r\nc\u0001\u0007\u001b[2J\u007f"],
  ["text", "E'\\u2028\\u2029\\ufeff\\u200b\\uffff'", "\u2028\u2029\ufeff\u200b\uffff"],
  ["text", "E'e\\u0301' || E'\\u00e9'", "e\u0301\u00e9"],
  ["text", "E'\\U0010FFFF\\U0001F600'", "\u{10ffff}\u{1f600}"],
  ["json", `'"\\ud800 \\u0000"'`, '"\\ud800 \\u0000"'],
  ["bytea", "'\\x00ff00c080'", "\\x00\\xFF\\x00\\xC0\\x80"],
];

test("what the pool can hold arrives exactly, each beside NULL, and NULL stays NULL", async () => {
  const { source } = utf8;
  const names = loaded.map((_, index) => `v${String(index)}`);
  const columns = loaded.map(([type], index) => `v${String(index)} ${type}`).join(", ");
  await source.sql(`drop table if exists t; create table t (k int, ${columns})`);
  await source.sql(`insert into t values (1, ${loaded.map(([, value]) => value).join(", ")})`);
  await source.sql("insert into t (k) values (2)");
  const job = await makeExtractionJob(server, utf8, "values", ["t"]);
  expect(await run(utf8, job)).toEqual({ status: "SUCCESS", says: "null" });
  const shown = names.map((name) => `${name}::varchar`).join(", ");
  const rows = await queryPool(server, job.path, `select ${shown} from t order by k`);
  expect(rows[0]).toEqual(loaded.map(([, , inPool]) => inPool));
  expect(rows[1]).toEqual(loaded.map(() => null));
});

test("a text of 64 million characters arrives whole, between others, as do a thousand columns", async () => {
  const { source } = utf8;
  const many = Array.from({ length: 1000 }, (_, index) => `'${String(index)}'::text as c${String(index)}`);
  await source.sql(`
    drop table if exists t, wide;
    create table t as select 1 as k, 'before' as v;
    insert into t select 2, repeat('ä', 32000000) || repeat('b', 32000000);
    insert into t values (3, 'behind');
    create table wide as select ${many.join(", ")} from generate_series(1, 3)`);
  const job = await makeExtractionJob(server, utf8, "huge", ["t", "wide"]);
  expect(await run(utf8, job)).toEqual({ status: "SUCCESS", says: "null" });
  const content = "select k, length(v), md5(v) from t order by k";
  const expected = await source.sql<{ k: number; length: number; md5: string }>(content);
  const rows = await queryPool(server, job.path, content);
  expect(rows.map(([k, length, md5]) => ({ k: Number(k), length: Number(length), md5 }))).toEqual(expected);
  expect(await queryPool(server, job.path, "select count(*)::int, min(c999) from wide")).toEqual([
    [3, "999"],
  ]);
});

/** Whatever a text of PostgreSQL may hold: every scalar value but NUL. */
const anyText = fc
  .string({ unit: "binary", maxLength: 40 })
  .map((text) => text.replace(/\0|\p{Surrogate}/gu, ""));
const anyRow = fc.record({
  text: fc.option(anyText, { freq: 8 }),
  double: fc.option(fc.double(), { freq: 8 }),
  bigint: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { freq: 8 }),
  decimal: fc.option(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), { freq: 8 }),
  bytes: fc.option(fc.uint8Array({ maxLength: 40 }), { freq: 8 }),
  // PostgreSQL's own first and last one that a pool holds, to the microsecond.
  micros: fc.option(fc.bigInt({ min: -(2n ** 57n), max: 2n ** 62n }), { freq: 8 }),
});

test("property: rows of any values arrive as they are", async () => {
  const { source } = utf8;
  const job = await makeExtractionJob(server, utf8, "any", ["anything"]);
  const read = (written: Record<"double" | "decimal" | "bytes" | "at", string>): string =>
    `select k, md5(t) as t, ${written.double} as d, b::varchar as b, ${written.decimal} as n, md5(${written.bytes}) as y, ${written.at} as a from anything order by k`;
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { minLength: 50, maxLength: 300 }), async (rows) => {
      await source.sql(
        "drop table if exists anything; create table anything (k int, t text, d float8, b bigint, n numeric(38,6), y bytea, a timestamp)",
      );
      for (const [k, { text, double, bigint, decimal, bytes, micros }] of rows.entries()) {
        await source.sql(
          `insert into anything values ($1, $2, $3, $4, $5::numeric * 0.000001, $6,
             timestamp '1970-01-01' + make_interval(secs => 0) + ($7::bigint / 86400000000) * interval '1 day'
               + ($7::bigint % 86400000000) * interval '1 microsecond')`,
          [k, text, double === null ? null : Object.is(double, -0) ? "-0" : String(double), bigint, decimal]
            .map((value) => (value === null ? null : String(value)))
            .concat([bytes === null ? null : `\\x${Buffer.from(bytes).toString("hex")}`])
            .concat([micros === null ? null : String(micros)]),
        );
      }
      expect(await run(utf8, job)).toEqual({ status: "SUCCESS", says: "null" });
      const atSource = await source.sql<Record<string, string | null>>(
        read({
          double: "d::text",
          decimal: "n::text",
          bytes: "encode(y, 'hex')",
          at: "trunc(extract(epoch from a) * 1000000)::text",
        }),
      );
      const inPool = await queryPool(
        server,
        job.path,
        read({
          double: "d::varchar",
          decimal: "n::varchar",
          bytes: "lower(hex(y))",
          at: "epoch_us(a)::varchar",
        }),
      );
      const numberOf = (text: string | null): number | null =>
        text === null ? null : Number(text.replace(/^(-?)inf$/, "$1Infinity"));
      expect(
        inPool.map(([k, t, d, b, n, y, a]) => [Number(k), t, numberOf(d as string | null), b, n, y, a]),
      ).toEqual(atSource.map(({ k, t, d, b, n, y, a }) => [Number(k), t, numberOf(d ?? null), b, n, y, a]));
    }),
    { numRuns: 4 },
  );
});

test("a delta whose changes hold poison fails whole, moves no mark, and loads all of it once it is repaired", async () => {
  const { source } = utf8;
  await source.sql(`
    drop table if exists t;
    create table t (k text primary key, v numeric, changed timestamp not null);
    insert into t values ('', 1, '2026-01-01'), (' ', 2, '2026-01-01'), (E'e\\u0301', 3, '2026-01-01'), (E'\\u00e9', 4, '2026-01-01')`);
  const job = await makeExtractionJob(server, utf8, "delta", [
    { tableName: "t", targetTableName: "delta_t", changeDateColumn: "changed" },
  ]);
  const held = (): Promise<unknown[][]> =>
    queryPool(server, job.path, "select k, v::double from delta_t order by encode(k)");
  expect((await run(utf8, job, "DELTA")).status).toBe("SUCCESS");
  const before = await held();
  expect(before).toEqual([
    ["", 1],
    [" ", 2],
    ["e\u0301", 3],
    ["\u00e9", 4],
  ]);
  await source.sql(`
    insert into t values ('new', 5, '2026-02-01'), ('poison', 'NaN', '2026-02-02'), ('later', 6, '2026-02-03');
    update t set v = 20, changed = '2026-02-01' where k = ' '`);
  const failed = await run(utf8, job, "DELTA");
  expect(failed).toMatchObject({
    status: "FAIL",
    says: expect.stringMatching(misfit("NaN", "DECIMAL")) as string,
  });
  expect(await held()).toEqual(before);
  await expectNothingLeft(utf8);
  await source.sql("update t set v = 7 where k = 'poison'");
  expect((await run(utf8, job, "DELTA")).status).toBe("SUCCESS");
  expect(await held()).toEqual([
    ["", 1],
    [" ", 20],
    ["e\u0301", 3],
    ["later", 6],
    ["new", 5],
    ["poison", 7],
    ["\u00e9", 4],
  ]);
});
