/** The sample's rows: the same in every database, and consistent with each other. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillSteps, sampleTables } from "../src/demo/sample-data.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";

const size = { orders: 1500, documents: 6000 };
let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase("sample");
  await fillIn(source);
});

afterAll(async () => {
  await source.end();
});

async function fillIn(database: TestDatabase): Promise<void> {
  await database.sql("CREATE SCHEMA sap");
  await database.sql("SET search_path = sap");
  await database.sql("BEGIN");
  for (const { sql } of fillSteps(size)) await database.sql(sql);
  await database.sql("COMMIT");
}

async function checksums(database: TestDatabase): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const table of sampleTables) {
    found.push(
      ...(await database.sql(
        `SELECT '${table}' AS name, count(*), md5(string_agg(t::text, '|' ORDER BY t::text COLLATE "C")) FROM "${table}" t`,
      )),
    );
  }
  return found;
}

test("another database, in another time zone, gets the same rows", async () => {
  const other = await createDatabase("sample2");
  await other.sql("SET timezone = 'Asia/Tokyo'");
  await fillIn(other);
  await other.sql("SET timezone = 'UTC'");
  await source.sql("SET timezone = 'UTC'");
  const rows = await checksums(other);
  expect(rows).toEqual(await checksums(source));
  // As PostgreSQL 15 and 18 gave them: a change of the rows needs a new sampleVersion.
  expect(rows).toMatchInlineSnapshot(`
    [
      {
        "count": "1500",
        "md5": "77b799a8b44f610a670666e84d5c952a",
        "name": "VBAK",
      },
      {
        "count": "4441",
        "md5": "e059bd90981d883c929fdcd9c46f25fc",
        "name": "VBAP",
      },
      {
        "count": "1350",
        "md5": "32c42203a8fdb3814b64c51f6d0a9d67",
        "name": "LIKP",
      },
      {
        "count": "6000",
        "md5": "0027df891829c2486823fe70e88a5631",
        "name": "BKPF",
      },
      {
        "count": "30022",
        "md5": "6c4c591a4374b9301b08ad82a2bcbbb2",
        "name": "BSEG",
      },
    ]
  `);
  await other.end();
});

const never: [what: string, sql: string][] = [
  [
    "an order without items",
    `SELECT FROM "VBAK" h WHERE NOT EXISTS (SELECT FROM "VBAP" i WHERE (i."MANDT", i."VBELN") = (h."MANDT", h."VBELN"))`,
  ],
  [
    "an item without an order",
    `SELECT FROM "VBAP" i WHERE NOT EXISTS (SELECT FROM "VBAK" h WHERE (i."MANDT", i."VBELN") = (h."MANDT", h."VBELN"))`,
  ],
  [
    "an order whose value is not that of its items",
    `SELECT FROM "VBAK" h WHERE "NETWR" <> (SELECT sum("NETWR") FROM "VBAP" i WHERE i."VBELN" = h."VBELN")`,
  ],
  [
    "items in another currency than the order",
    `SELECT FROM "VBAK" h JOIN "VBAP" i USING ("VBELN") WHERE h."WAERK" <> i."WAERK"`,
  ],
  [
    "an item's value that is not quantity times price",
    `SELECT FROM "VBAP" WHERE "NETWR" <> "KWMENG" * "NETPR"`,
  ],
  [
    "a delivery without an order",
    `SELECT FROM "LIKP" d WHERE NOT EXISTS (SELECT FROM "VBAK" h WHERE h."VBELN" = d."VGBEL")`,
  ],
  [
    "a delivery for another customer",
    `SELECT FROM "LIKP" d JOIN "VBAK" h ON h."VBELN" = d."VGBEL" WHERE d."KUNNR" <> h."KUNNR"`,
  ],
  [
    "a delivery before its order",
    `SELECT FROM "LIKP" d JOIN "VBAK" h ON h."VBELN" = d."VGBEL" WHERE d."ERDAT" <= h."ERDAT" OR d."UPD_TMSTMP" <= h."UPD_TMSTMP"`,
  ],
  ["goods issued before the delivery was made", `SELECT FROM "LIKP" WHERE "WADAT_IST" <= "ERDAT"`],
  [
    "an invoice without a delivery",
    `SELECT FROM "BKPF" b WHERE "BLART" = 'RV' AND NOT EXISTS (SELECT FROM "LIKP" d WHERE d."VBELN" = b."XBLNR")`,
  ],
  [
    "a delivery without an invoice",
    `SELECT FROM "LIKP" d WHERE NOT EXISTS (SELECT FROM "BKPF" b WHERE b."BLART" = 'RV' AND d."VBELN" = b."XBLNR")`,
  ],
  [
    "an invoice before its delivery",
    `SELECT FROM "BKPF" b JOIN "LIKP" d ON d."VBELN" = b."XBLNR" WHERE b."BLART" = 'RV' AND b."BUDAT" < d."ERDAT"`,
  ],
  [
    "a posting before its document",
    `SELECT FROM "BKPF" WHERE "BUDAT" < "BLDAT" OR "GJAHR" <> extract(year FROM "BUDAT") OR "MONAT" <> extract(month FROM "BUDAT")`,
  ],
  [
    "a document without lines",
    `SELECT FROM "BKPF" b WHERE NOT EXISTS (SELECT FROM "BSEG" s WHERE (s."BUKRS", s."BELNR", s."GJAHR") = (b."BUKRS", b."BELNR", b."GJAHR"))`,
  ],
  [
    "a line without a document",
    `SELECT FROM "BSEG" s WHERE NOT EXISTS (SELECT FROM "BKPF" b WHERE (s."BUKRS", s."BELNR", s."GJAHR") = (b."BUKRS", b."BELNR", b."GJAHR"))`,
  ],
  [
    "a document that does not balance",
    `SELECT FROM "BSEG" GROUP BY "BELNR" HAVING sum("DMBTR" * CASE "SHKZG" WHEN 'S' THEN 1 ELSE -1 END) <> 0`,
  ],
  [
    "a line cleared before it was posted",
    `SELECT FROM "BSEG" s JOIN "BKPF" b USING ("BELNR") WHERE s."AUGDT" < b."BUDAT"`,
  ],
  [
    "lines that are not numbered from 1 on",
    `SELECT FROM "BSEG" GROUP BY "BELNR" HAVING max("BUZEI") <> count(*) OR min("BUZEI") <> 1 OR count(*) < 2`,
  ],
];

test.each(never)("there is never %s", async (_, sql) => {
  expect(await source.sql(`SELECT count(*)::int AS n FROM (${sql}) AS wrong`)).toEqual([{ n: 0 }]);
});

test("the checks above look at rows", async () => {
  const [counts] =
    await source.sql(`SELECT (SELECT count(*)::int FROM "VBAK") AS orders, (SELECT count(*)::int FROM "VBAP") AS items,
    (SELECT count(*)::int FROM "LIKP") AS deliveries, (SELECT count(*)::int FROM "BKPF") AS documents, (SELECT count(*)::int FROM "BSEG") AS lines,
    (SELECT count(*)::int FROM "BKPF" WHERE "BLART" = 'RV') AS invoices`);
  expect(counts).toMatchObject({ orders: size.orders, documents: size.documents });
  for (const [name, least] of [
    ["items", 4000],
    ["deliveries", 1200],
    ["invoices", 1200],
    ["lines", 25_000],
  ] as const) {
    expect(counts?.[name]).toBeGreaterThan(least);
  }
});

test("BSEG has columns of many types, with nulls, empty strings and text from around the world", async () => {
  const types = await source.sql<{ type: string }>(
    `SELECT DISTINCT data_type || coalesce('(' || numeric_precision || ',' || nullif(numeric_scale, 0) || ')', '') AS type
     FROM information_schema.columns WHERE table_schema = 'sap' AND table_name = 'BSEG'`,
  );
  expect(types.map(({ type }) => type)).toEqual(
    expect.arrayContaining(
      [
        "smallint",
        "integer",
        "bigint",
        "numeric(15,2)",
        "numeric(13,3)",
        "text",
        "date",
        "timestamp with time zone",
        "boolean",
      ].map((type) => expect.stringContaining(type) as string),
    ),
  );
  const [found] =
    await source.sql(`SELECT count(*) FILTER (WHERE "SGTXT" IS NULL)::int AS nulls, count(*) FILTER (WHERE "SGTXT" = '')::int AS empty,
    count(*) FILTER (WHERE "SGTXT" LIKE '%請求書%')::int AS japanese, count(*) FILTER (WHERE "SGTXT" LIKE '%ü%')::int AS german,
    count(*) FILTER (WHERE "SGTXT" LIKE '%💶%')::int AS emoji, count(*) FILTER (WHERE "AUGDT" IS NULL)::int AS open,
    count(*) FILTER (WHERE "MENGE" IS NULL)::int AS unmeasured, count(*) FILTER (WHERE "XNEGP")::int AS negative,
    count(*) FILTER (WHERE NOT "XNEGP")::int AS positive FROM "BSEG"`);
  for (const [what, count] of Object.entries(found ?? {})) expect(count, what).toBeGreaterThan(0);
  const [columns] = await source.sql(
    `SELECT count(*)::int AS n FROM information_schema.columns WHERE table_schema = 'sap' AND table_name = 'BSEG'`,
  );
  expect(columns?.["n"]).toBeGreaterThanOrEqual(12);
});
