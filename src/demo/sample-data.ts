/**
 * The rows of the sample source system, as SQL: sales orders with items and deliveries, and accounting
 * documents with lines. Every value comes from integer arithmetic on a running number (no random(), no
 * hash function of the server, no time zone), so that every PostgreSQL gives the same rows.
 */

/** Changes with every change of the rows or tables: an older sample is made anew. */
export const sampleVersion = 1;

/** The schema at the source that holds the sample, and nothing else. */
export const sampleSchema = "sap";

export interface SampleSize {
  /** Sales orders; about three items each, deliveries for nine of ten. */
  orders: number;
  /** Accounting documents, at least `orders`; about five lines each. */
  documents: number;
}

export const fullSize: SampleSize = { orders: 50_000, documents: 602_000 };

export const sampleTables = ["VBAK", "VBAP", "LIKP", "BKPF", "BSEG"] as const;
export type SampleTable = (typeof sampleTables)[number];

/** One statement of the filling. `share`: part of the whole time it takes, for a progress bar. */
export interface FillStep {
  what: string;
  sql: string;
  share: number;
}

/** 32 well mixed bits from a running number (below 2^31) and a salt, in bigint arithmetic that cannot overflow. */
function mixed(n: string, salt: number): string {
  const once = `((((${n})::bigint + ${String(salt * 7919)}) * 2654435761) & 4294967295)`;
  return `(((${once} # (${once} >> 15)) * 1540483477) & 4294967295)`;
}

/** A slice of running numbers with two mixed columns, computed once per row (OFFSET 0 keeps the planner from repeating them). */
function numbers(from: number, to: number): string {
  return `(SELECT n::bigint AS n, ${mixed("n", 1)} >> 3 AS a, ${mixed("n", 2)} >> 3 AS b FROM generate_series(${String(from)}, ${String(to)}) AS n OFFSET 0)`;
}

function pick(options: readonly string[], by: string): string {
  const list = options.map((option) => `'${option.replaceAll("'", "''")}'`).join(", ");
  return `(ARRAY[${list}])[1 + (${by}) % ${String(options.length)}]`;
}

const orderNumber = (n: string): string => `lpad((1000000 + ${n})::text, 10, '0')`;
const deliveryNumber = (n: string): string => `lpad((80000000 + ${n})::text, 10, '0')`;
const isDelivered = "a % 10 <> 0";
/** Days after the first order. Orders come in the order of their numbers over 900 days; each step waits for the one before. */
const orderDay = (orders: number): string => `((n - 1) * 900 / ${String(orders)})`;
const deliveryDay = (orders: number): string => `(${orderDay(orders)} + 1 + b % 14)`;
const day = (days: string): string => `(date '2023-01-02' + (${days})::integer)`;
/** A moment of that day (2023-01-02 00:00 UTC is second 1672617600), whatever the session's zone is. */
const moment = (days: string, seconds: string): string =>
  `to_timestamp(1672617600 + (${days}) * 86400 + (${seconds}))`;

const people = ["MUELLER", "TANAKA", "SCHMIDT", "ITO", "BATCH_SD", "GARCIA", "佐藤", "JÖRGENSEN"];
const currencies = ["EUR", "EUR", "EUR", "USD", "GBP", "CHF"];
const goods = [
  "Pump 4711",
  'Ventil ½" Messing',
  "軸受 6204-2RS",
  "Schraube M8×40",
  "Filtre à huile",
  "O-Ring ø 12 mm",
  "Motor 3~ 400 V",
  "油圧シリンダ",
  "Dichtung „Viton“",
  "Câble 5 m",
  "歯車 モジュール 2",
  "Sensor ±10 V",
];
const lineTexts = [
  "Rechnung Müller & Söhne GmbH",
  "請求書 東京支店",
  "Zahlung erhalten 💶",
  "Freight Kraków → Göteborg",
  "Wareneingang",
  "振込 三菱UFJ銀行",
  "Gutschrift, Größe geändert",
  "Skonto 2 %",
  "Überweisung 'Eilt'",
  "Reisekosten ✈️ Zürich",
  "Inventory difference",
  "消費税 10%",
  "Abgrenzung Dezember",
  'Line with \\ and "quotes" and, commas',
];

const tables = `
CREATE TABLE "VBAK" (
  "MANDT" varchar(3) NOT NULL, "VBELN" varchar(10) NOT NULL, "ERDAT" date NOT NULL, "ERNAM" varchar(12) NOT NULL,
  "AUART" varchar(4) NOT NULL, "NETWR" numeric(15,2) NOT NULL, "WAERK" varchar(5) NOT NULL, "VKORG" varchar(4) NOT NULL,
  "KUNNR" varchar(10) NOT NULL, "BSTNK" varchar(35), "VDATU" date NOT NULL, "LIFSK" varchar(2), "UPD_TMSTMP" timestamptz NOT NULL
);
CREATE TABLE "VBAP" (
  "MANDT" varchar(3) NOT NULL, "VBELN" varchar(10) NOT NULL, "POSNR" integer NOT NULL, "MATNR" varchar(18) NOT NULL,
  "ARKTX" varchar(40) NOT NULL, "KWMENG" numeric(15,3) NOT NULL, "VRKME" varchar(3) NOT NULL, "NETPR" numeric(11,2) NOT NULL,
  "NETWR" numeric(15,2) NOT NULL, "WAERK" varchar(5) NOT NULL, "WERKS" varchar(4) NOT NULL, "ABGRU" varchar(2), "ERDAT" date NOT NULL
);
CREATE TABLE "LIKP" (
  "MANDT" varchar(3) NOT NULL, "VBELN" varchar(10) NOT NULL, "VGBEL" varchar(10) NOT NULL, "ERDAT" date NOT NULL,
  "ERNAM" varchar(12) NOT NULL, "LFART" varchar(4) NOT NULL, "KUNNR" varchar(10) NOT NULL, "VSTEL" varchar(4) NOT NULL,
  "LFDAT" date NOT NULL, "WADAT_IST" date, "BTGEW" numeric(15,3) NOT NULL, "UPD_TMSTMP" timestamptz NOT NULL
);
CREATE TABLE "BKPF" (
  "MANDT" varchar(3) NOT NULL, "BUKRS" varchar(4) NOT NULL, "BELNR" varchar(10) NOT NULL, "GJAHR" integer NOT NULL,
  "BLART" varchar(2) NOT NULL, "BLDAT" date NOT NULL, "BUDAT" date NOT NULL, "MONAT" smallint NOT NULL,
  "CPU_TMSTMP" timestamptz NOT NULL, "USNAM" varchar(12) NOT NULL, "XBLNR" varchar(16), "WAERS" varchar(5) NOT NULL,
  "KURSF" numeric(9,5) NOT NULL, "BKTXT" varchar(25)
);
CREATE TABLE "BSEG" (
  "MANDT" varchar(3) NOT NULL, "BUKRS" varchar(4) NOT NULL, "BELNR" varchar(10) NOT NULL, "GJAHR" integer NOT NULL,
  "BUZEI" smallint NOT NULL, "BSCHL" varchar(2) NOT NULL, "KOART" varchar(1) NOT NULL, "SHKZG" varchar(1) NOT NULL,
  "DMBTR" numeric(15,2) NOT NULL, "WRBTR" numeric(15,2) NOT NULL, "MENGE" numeric(13,3), "PAOBJNR" bigint NOT NULL,
  "SGTXT" text, "ZFBDT" date NOT NULL, "AUGDT" date, "XNEGP" boolean NOT NULL, "UPD_TMSTMP" timestamptz NOT NULL
);`;

/** SAP begins with client and company; with the document number first the sort of three million keys takes a third of the time. */
const primaryKeys: Record<SampleTable, string> = {
  VBAK: `"VBELN", "MANDT"`,
  VBAP: `"VBELN", "POSNR", "MANDT"`,
  LIKP: `"VBELN", "MANDT"`,
  BKPF: `"BELNR", "BUKRS", "GJAHR", "MANDT"`,
  BSEG: `"BELNR", "BUZEI", "BUKRS", "GJAHR", "MANDT"`,
};

function items({ orders }: SampleSize, from: number, to: number): string {
  return `INSERT INTO "VBAP"
SELECT '100', ${orderNumber("n")}, i * 10, lpad((1 + x % 2400)::text, 18, '0'), ${pick(goods, "x")},
  (1 + x % 48)::numeric, ${pick(["ST", "ST", "KG", "M"], "x")}, ((199 + x % 89000) * 0.01)::numeric(11,2),
  ((1 + x % 48) * (199 + x % 89000) * 0.01)::numeric(15,2), ${pick(currencies, "a")}, ${pick(["1000", "1100", "JP10"], "n")},
  CASE WHEN x % 97 = 0 THEN '02' WHEN x % 5 = 0 THEN '' END, ${day(orderDay(orders))}
FROM ${numbers(from, to)} AS orders
CROSS JOIN LATERAL generate_series(1, 1 + (a / 16) % 5) AS i
CROSS JOIN LATERAL (SELECT (a + b * i) % 1000003 AS x) AS item`;
}

function orders({ orders: all }: SampleSize, from: number, to: number): string {
  return `INSERT INTO "VBAK"
SELECT '100', ${orderNumber("n")}, ${day(orderDay(all))}, ${pick(people, "b")}, ${pick(["TA", "TA", "TA", "SO", "RE"], "b / 8")},
  (SELECT sum("NETWR") FROM "VBAP" WHERE "VBELN" = ${orderNumber("n")}), ${pick(currencies, "a")}, ${pick(["1000", "1010", "1020"], "n")},
  lpad((1 + a % 3100)::text, 10, '0'), CASE b % 6 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'PO-' || b % 99991 || ' Ä' END,
  ${day(`${orderDay(all)} + 3 + b % 30`)}, CASE WHEN a % 41 = 0 THEN '01' END, ${moment(orderDay(all), "b % 86400")}
FROM ${numbers(from, to)} AS orders`;
}

function deliveries({ orders: all }: SampleSize, from: number, to: number): string {
  return `INSERT INTO "LIKP"
SELECT '100', ${deliveryNumber("n")}, ${orderNumber("n")}, ${day(deliveryDay(all))}, ${pick(people, "a / 4")}, 'LF',
  lpad((1 + a % 3100)::text, 10, '0'), ${pick(["1000", "1100", "JP10"], "n")}, ${day(`${deliveryDay(all)} + 2`)},
  CASE WHEN a % 30 <> 1 THEN ${day(`${deliveryDay(all)} + 1 + a % 3`)} END, (1 + b % 250000)::numeric * 0.001, ${moment(deliveryDay(all), "a % 86400")}
FROM ${numbers(from, to)} AS orders WHERE ${isDelivered}`;
}

/**
 * Documents up to the number of orders are the invoices of the deliveries (where there is one), posted 0-5
 * days after them. The others are those of four companies, one number range each. So numbers and dates
 * ascend in each company, and rows come in the order of their key, which makes the index quick.
 */
function documents({ orders: orderCount, documents: all }: SampleSize, from: number, to: number): string {
  const perCompany = Math.max(1, Math.ceil((all - orderCount) / 4));
  const rest = `(n - ${String(orderCount + 1)})`;
  return `(SELECT n, a, b, is_invoice, posted, bukrs, lpad((100000000 + n)::text, 10, '0') AS belnr,
    extract(year FROM ${day("posted")})::integer AS gjahr, 2 + (a / 64) % 7 AS lines
  FROM (SELECT n, a, b, n <= ${String(orderCount)} AND ${isDelivered} AS is_invoice,
    CASE WHEN n <= ${String(orderCount)} THEN '1000' ELSE (ARRAY['1000', '2000', '3000', 'JP01'])[1 + ${rest} / ${String(perCompany)}] END AS bukrs,
    CASE WHEN n <= ${String(orderCount)} THEN ${deliveryDay(orderCount)} + b % 6 ELSE ${rest} % ${String(perCompany)} * 900 / ${String(perCompany)} END AS posted
    FROM ${numbers(from, to)} AS numbers) AS dated OFFSET 0)`;
}

function documentHeads(size: SampleSize, from: number, to: number): string {
  return `INSERT INTO "BKPF"
SELECT '100', bukrs, belnr, gjahr, CASE WHEN is_invoice THEN 'RV' ELSE ${pick(["KR", "DZ", "SA", "WE", "WA", "KZ"], "a")} END,
  ${day("CASE WHEN is_invoice THEN posted ELSE posted - a % 4 END")}, ${day("posted")}, extract(month FROM ${day("posted")})::smallint,
  ${moment("posted", "b % 86400")}, ${pick(people, "b / 3")},
  CASE WHEN is_invoice THEN ${deliveryNumber("n")} WHEN b % 3 = 0 THEN '' WHEN b % 3 = 1 THEN 'R' || b % 9999991 END,
  ${pick(currencies, "a")}, (80000 + a % 60000)::numeric * 0.00001, CASE WHEN b % 4 = 0 THEN '月次 ' || 1 + b % 12 END
FROM ${documents(size, from, to)} AS document`;
}

/** Line 1 is the debit of the whole, every other line i the credit of i parts: each document balances to zero. */
function documentLines(size: SampleSize, from: number, to: number): string {
  const amount = `((1 + b % 90000) * CASE WHEN i = 1 THEN lines * (lines + 1) / 2 - 1 ELSE i END)`;
  return `INSERT INTO "BSEG"
SELECT '100', bukrs, belnr, gjahr, i, CASE WHEN i = 1 THEN '40' ELSE '50' END, ${pick(["S", "D", "K", "S", "M"], "a + i")},
  CASE WHEN i = 1 THEN 'S' ELSE 'H' END, ${amount}::numeric * 0.01, (${amount} * (90 + a % 20))::numeric * 0.0001,
  CASE WHEN (a + i) % 3 = 0 THEN (1 + b % 500000)::numeric * 0.001 END, n * 100000 + i,
  CASE (b + i) % 10 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE ${pick(lineTexts, "b / 16 + i")} || ' ' || b % 100000 END,
  ${day("posted + a % 60")}, CASE WHEN (a / 8 + i) % 4 <> 0 THEN ${day("posted + b % 45")} END, (a + i) % 50 = 0, ${moment("posted", "(b + i) % 86400")}
FROM (SELECT *, generate_series(1, lines) AS i FROM ${documents(size, from, to)} AS document OFFSET 0) AS line`;
}

/** All statements that make the sample in the first schema of the search path, which must be empty, in order. */
export function fillSteps(size: SampleSize): FillStep[] {
  const steps: FillStep[] = [{ what: "tables", sql: tables, share: 0 }];
  const slices = (table: SampleTable, all: number, share: number, statement: typeof items): void => {
    const width = 50_000;
    for (let from = 1; from <= all; from += width) {
      const to = Math.min(from + width - 1, all);
      steps.push({ what: table, sql: statement(size, from, to), share: (share * (to - from + 1)) / all });
    }
  };
  const key = (table: SampleTable, share: number): void => {
    steps.push({
      what: `${table}, primary key`,
      sql: `ALTER TABLE "${table}" ADD PRIMARY KEY (${primaryKeys[table]})`,
      share,
    });
  };
  slices("VBAP", size.orders, 0.02, items);
  key("VBAP", 0.01);
  steps.push({ what: "VBAP, statistics", sql: `ANALYZE "VBAP"`, share: 0.01 });
  slices("VBAK", size.orders, 0.02, orders);
  slices("LIKP", size.orders, 0.01, deliveries);
  slices("BKPF", size.documents, 0.1, documentHeads);
  slices("BSEG", size.documents, 0.6, documentLines);
  for (const table of ["VBAK", "LIKP"] as const) key(table, 0.005);
  key("BKPF", 0.03);
  key("BSEG", 0.15);
  steps.push({
    what: "statistics",
    sql: `SET LOCAL default_statistics_target = 30; ${sampleTables.map((table) => `ANALYZE "${table}"`).join("; ")}`,
    share: 0.04,
  });
  return steps;
}
