import fc from "fast-check";
import { expect, test } from "vitest";
import { widthOf } from "../../model/columns.ts";
import { numericText, numericWriter } from "./decode-numeric.ts";

/** The wire form of a decimal text, as PostgreSQL sends it: digits to base 10000 around the point, no zeros outside. */
function encode(text: string): DataView {
  const negative = text.startsWith("-");
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const padded = whole.padStart(Math.ceil(whole.length / 4) * 4, "0");
  const groups = `${padded}${fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0")}`.match(/.{4}/g) ?? [];
  let digits = groups.map(Number);
  let weight = padded.length / 4 - 1;
  while (digits[0] === 0) {
    digits = digits.slice(1);
    weight -= 1;
  }
  while (digits.at(-1) === 0) digits = digits.slice(0, -1);
  if (digits.length === 0) weight = 0;
  const view = new DataView(new ArrayBuffer(8 + digits.length * 2));
  view.setUint16(0, digits.length);
  view.setInt16(2, weight);
  view.setUint16(4, negative && digits.length > 0 ? 0x4000 : 0);
  view.setUint16(6, fraction.length);
  for (const [index, digit] of digits.entries()) view.setUint16(8 + index * 2, digit);
  return view;
}

function special(sign: number): DataView {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(4, sign);
  return view;
}

/** The unscaled value that was written into row 1 of two, or null if it does not fit. */
function write(view: DataView, precision: number, scale: number): bigint | null {
  const width = widthOf({ kind: "decimal", precision, scale });
  const target = new ArrayBuffer(width * 2);
  if (!numericWriter(target, width, precision, scale)(view, 0, view.byteLength, 1)) return null;
  const bytes = new DataView(target);
  if (width === 2) return BigInt(bytes.getInt16(2, true));
  if (width === 4) return BigInt(bytes.getInt32(4, true));
  if (width === 8) return bytes.getBigInt64(8, true);
  return (bytes.getBigInt64(24, true) << 64n) | bytes.getBigUint64(16, true);
}

function textOf(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

const anyDecimal = fc.integer({ min: 1, max: 38 }).chain((precision) =>
  fc.record({
    precision: fc.constant(precision),
    scale: fc.integer({ min: 0, max: precision }),
    unscaled: fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }),
  }),
);

test("every DECIMAL(p,s) is written exactly, and its text read back", () => {
  fc.assert(
    fc.property(anyDecimal, ({ precision, scale, unscaled }) => {
      const view = encode(textOf(unscaled, scale));
      expect(write(view, precision, scale)).toBe(unscaled);
      expect(numericText(view, 0)).toBe(textOf(unscaled, scale));
    }),
    { numRuns: 2000 },
  );
});

test("a value is written if and only if it is one of the type, whatever scale it came with", () => {
  fc.assert(
    fc.property(anyDecimal, fc.integer({ min: 1, max: 38 }), fc.nat(38), (value, precision, wanted) => {
      const scale = Math.min(wanted, precision);
      const shift = scale - value.scale;
      const exact =
        shift >= 0
          ? value.unscaled * 10n ** BigInt(shift)
          : value.unscaled % 10n ** BigInt(-shift) === 0n
            ? value.unscaled / 10n ** BigInt(-shift)
            : null;
      const size = exact === null ? null : exact < 0n ? -exact : exact;
      const expected = size !== null && size < 10n ** BigInt(precision) ? exact : null;
      expect(write(encode(textOf(value.unscaled, value.scale)), precision, scale)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["0.0001", 38, 12, 100000000n],
  ["9007199254740991", 16, 0, 9007199254740991n],
  ["9007199254740992", 16, 0, 9007199254740992n],
  ["-9007199254740993", 16, 0, -9007199254740993n],
  ["99999999999999999999999999999999999999", 38, 0, 10n ** 38n - 1n],
  ["-99999999999999999999999999999999999999", 38, 0, -(10n ** 38n) + 1n],
  ["18446744073709551616", 38, 0, 2n ** 64n],
  ["-18446744073709551616", 38, 0, -(2n ** 64n)],
  ["100000000000000000000000000000000000000", 38, 0, null],
  ["1000000000000000000000000000000", 38, 12, null],
  ["0.0000000000001", 38, 12, null],
  ["10000", 4, 0, null],
  ["-9999", 4, 0, -9999n],
])("%s as DECIMAL(%i,%i)", (text, precision, scale, expected) => {
  expect(write(encode(text), precision, scale)).toBe(expected);
});

test("a number of 131,072 digits is refused without being computed", () => {
  const view = encode("1");
  view.setInt16(2, 32767);
  expect(write(view, 38, 0)).toBeNull();
});

test("NaN and the infinities do not fit, and are named", () => {
  for (const [sign, name] of [
    [0xc000, "NaN"],
    [0xd000, "Infinity"],
    [0xf000, "-Infinity"],
  ] as const) {
    expect(write(special(sign), 38, 12)).toBeNull();
    expect(numericText(special(sign), 0)).toBe(name);
  }
});
