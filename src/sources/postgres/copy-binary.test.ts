import fc from "fast-check";
import { expect, test } from "vitest";
import type { Column, ColumnBatch, ColumnVector } from "../../model/columns.ts";
import { batchRows, widthOf } from "../../model/columns.ts";
import { FatalSourceError, RetryableSourceError } from "../../model/errors.ts";
import { CopyReader } from "./copy-binary.ts";

const columns: Column[] = [
  { name: "flag", type: { kind: "boolean" } },
  { name: "number", type: { kind: "int32" } },
  { name: "large", type: { kind: "int64" } },
  { name: "words", type: { kind: "text" } },
  { name: "raw", type: { kind: "bytes" } },
];
type Row = [boolean | null, number | null, bigint | null, string | null, Uint8Array | null];

const header = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);

function field(content: Buffer | null): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content === null ? -1 : content.length);
  return content === null ? length : Buffer.concat([length, content]);
}

function encodeRow([flag, number, large, words, raw]: Row): Buffer {
  const int32 = Buffer.alloc(4);
  int32.writeInt32BE(number ?? 0);
  const int64 = Buffer.alloc(8);
  int64.writeBigInt64BE(large ?? 0n);
  return Buffer.concat([
    Buffer.from([0, 5]),
    field(flag === null ? null : Buffer.from([flag ? 1 : 0])),
    field(number === null ? null : int32),
    field(large === null ? null : int64),
    field(words === null ? null : Buffer.from(words)),
    field(raw === null ? null : Buffer.from(raw)),
  ]);
}

const encode = (rows: Row[]): Buffer => Buffer.concat([header, ...rows.map(encodeRow), trailer]);

function valueAt(vector: ColumnVector, column: Column, row: number): Row[number] {
  if (vector.validity !== null && ((vector.validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) return null;
  const width = widthOf(column.type);
  const [from, to] =
    vector.offsets === null
      ? [row * width, (row + 1) * width]
      : [vector.offsets[row], vector.offsets[row + 1]];
  const value = Buffer.from(vector.data.subarray(from, to));
  const { kind } = column.type;
  if (kind === "boolean") return value[0] === 1;
  if (kind === "int32") return value.readInt32LE();
  if (kind === "int64") return value.readBigInt64LE();
  return kind === "text" ? value.toString() : new Uint8Array(value);
}

function rowsOf({ rows, vectors }: ColumnBatch): Row[] {
  return Array.from(
    { length: rows },
    (_, row) =>
      columns.map((column, index) => {
        const vector = vectors[index];
        if (vector === undefined) throw new Error("a vector is missing");
        return valueAt(vector, column, row);
      }) as Row,
  );
}

/** Reads the chunks as an extraction does; every batch is copied out before the next one is begun. */
function read(chunks: Buffer[], most = batchRows): { rows: Row[]; bytes: number; batches: number[] } {
  const reader = new CopyReader(columns, "public.t");
  const all: Row[] = [];
  const batches: number[] = [];
  let bytes = 0;
  const take = (): void => {
    const batch = reader.batch();
    all.push(...rowsOf(batch));
    batches.push(batch.rows);
    bytes += batch.bytes;
    reader.next();
  };
  for (const chunk of chunks) {
    reader.push(chunk);
    while (reader.fill(most)) take();
  }
  if (reader.rows > 0) take();
  reader.end();
  return { rows: all, bytes, batches };
}

function cut(stream: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % stream.length))].sort((a, b) => a - b);
  return [...at, stream.length].map((end, index) => stream.subarray(at[index - 1] ?? 0, end));
}

const anyRow: fc.Arbitrary<Row> = fc.tuple(
  fc.option(fc.boolean()),
  fc.option(fc.integer()),
  fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  fc.option(fc.string({ unit: "grapheme", maxLength: 60 })),
  fc.option(fc.uint8Array({ maxLength: 60 })),
);

test("the same rows come out wherever the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(anyRow, { maxLength: 40 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 20 }),
      (rows, places, most) => {
        const result = read(cut(encode(rows), places), most);
        expect(result.rows).toEqual(rows);
        expect(Math.max(0, ...result.batches)).toBeLessThanOrEqual(most);
      },
    ),
  );
});

test("one byte at a time gives the same rows", () => {
  const rows: Row[] = [
    [true, -1, 2n ** 63n - 1n, "", new Uint8Array()],
    [null, null, null, null, null],
    [false, -(2 ** 31), -(2n ** 63n), "ü€😀", new Uint8Array([0, 255])],
  ];
  const stream = encode(rows);
  expect(read([...stream].map((byte) => Buffer.from([byte]))).rows).toEqual(rows);
});

test("a batch holds 2,048 rows at most, and all bytes are counted", () => {
  const rows: Row[] = Array.from({ length: 5000 }, (_, index) => [true, index, 1n, String(index), null]);
  const stream = encode(rows);
  const result = read([stream]);
  expect(result.batches).toEqual([2048, 2048, 904]);
  expect(result.rows).toEqual(rows);
  expect(result.bytes).toBe(stream.length);
});

test("long values end a batch early, and one longer than many chunks comes whole", () => {
  const long = "x".repeat(3_000_000);
  const rows: Row[] = [1, 2, 3, 4, 5].map((number) => [true, number, null, `${long}${String(number)}`, null]);
  const stream = encode(rows);
  const chunks = Array.from({ length: Math.ceil(stream.length / 65_536) }, (_, index) =>
    stream.subarray(index * 65_536, (index + 1) * 65_536),
  );
  const result = read(chunks);
  expect(result.rows).toEqual(rows);
  expect(result.batches).toEqual([2, 2, 1]);
});

test("a stream that ends before its mark is an error, wherever it ends", () => {
  const stream = encode([[true, 1, 2n, "three", new Uint8Array([4])]]);
  for (let length = 0; length < stream.length; length += 1) {
    expect(() => read([stream.subarray(0, length)])).toThrow(RetryableSourceError);
  }
});

test.each([
  ["signature", Buffer.from("PGCOPX\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1"), "an unknown signature"],
  ["flags", Buffer.concat([header.subarray(0, 11), Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])]), "unknown flags"],
  ["field count", Buffer.concat([header, Buffer.from([0, 4])]), "a row of 4 fields"],
  ["field length", Buffer.concat([header, Buffer.from([0, 5, 255, 255, 255, 254])]), "a field of -2 bytes"],
  ["end", Buffer.concat([encode([]), Buffer.from([0])]), "bytes after the last row"],
])("a wrong %s is named", (_what, stream, message) => {
  expect(() => read([stream])).toThrow(FatalSourceError);
  expect(() => read([stream])).toThrow(message);
});

test("a header extension is passed over", () => {
  const stream = encode([[true, 7, null, "a", null]]);
  const extended = Buffer.concat([
    stream.subarray(0, 15),
    Buffer.from([0, 0, 0, 3, 1, 2, 3]),
    stream.subarray(19),
  ]);
  expect(read(cut(extended, [17, 20])).rows).toEqual([[true, 7, null, "a", null]]);
});

test("a value of the wrong width names table and column", () => {
  const row = Buffer.concat([Buffer.from([0, 5]), field(Buffer.from([1])), field(Buffer.from([1, 2]))]);
  expect(() => read([Buffer.concat([header, row])])).toThrow('column "number" of public.t came with 2 bytes');
});

test("two texts that are UTF-8 only when put together are refused, as is a cut one beside an empty one", () => {
  const [first, second] = Buffer.from("ä");
  const texts = (...values: (Buffer | null)[]): Buffer =>
    Buffer.concat([
      header,
      ...values.map((value) => Buffer.concat([Buffer.from([0, 1]), field(value)])),
      trailer,
    ]);
  const readTexts = (stream: Buffer): void => {
    const reader = new CopyReader([{ name: "words", type: { kind: "text" } }], "public.t");
    reader.push(stream);
    reader.fill(batchRows);
    reader.batch();
  };
  const begun = Buffer.from([first ?? 0]);
  const rest = Buffer.from([second ?? 0]);
  for (const values of [
    [begun, rest],
    [begun, Buffer.alloc(0), null, rest, Buffer.from("end")],
  ]) {
    expect(() => {
      readTexts(texts(...values));
    }).toThrow('value \\xc3 in column "words" of public.t is not text in UTF-8');
  }
  readTexts(texts(Buffer.from("ä"), Buffer.alloc(0), null, Buffer.from("夜")));
});

test("text that is not UTF-8 is refused with table, column and value", () => {
  const stream = encode([[true, 1, null, "ab", null]]);
  const broken = Buffer.from(stream);
  broken[stream.indexOf("ab")] = 0xfc;
  expect(() => read([broken])).toThrow('value \\xfc62 in column "words" of public.t is not text in UTF-8');
});
