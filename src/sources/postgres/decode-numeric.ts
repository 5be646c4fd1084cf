/**
 * PostgreSQL's binary numeric, four int16 (digit count, weight, sign, display scale) and digits to base 10000,
 * turned exactly into an unscaled integer of 2, 4, 8 or 16 bytes: without BigInt, since most numbers fit a double
 * and the others fit four limbs of 32 bits.
 */

const signNegative = 0x4000;
/** Values of the sign field from here on are NaN and the infinities. */
const signSpecial = 0xc000;
const exactLimit = 2 ** 53;
const limbSize = 2 ** 32;

const powersOfTen = Array.from({ length: 23 }, (_, exponent) => Number(`1e${String(exponent)}`));

function powerOfTen(exponent: number): number {
  return powersOfTen[exponent] ?? Number.POSITIVE_INFINITY;
}

/** `10 ** precision` as limbs of 32 bits, least significant first. */
function limbsOfPower(precision: number): number[] {
  const power = 10n ** BigInt(precision);
  return [0n, 32n, 64n, 96n].map((shift) => Number((power >> shift) & 0xffffffffn));
}

/** Writes the value at row `row`; false if it is not exactly a DECIMAL(precision, scale). */
export type NumericWriter = (view: DataView, at: number, length: number, row: number) => boolean;

/** `target` holds values of `width` bytes, as `widthOf` gives it for the precision. */
export function numericWriter(
  target: ArrayBuffer,
  width: number,
  precision: number,
  scale: number,
): NumericWriter {
  const storeNumber = numberStore(target, width);
  const storeLimbs = limbStore(target, width);
  const smallBound = precision < 16 ? powerOfTen(precision) : exactLimit;
  const bound = limbsOfPower(precision);
  const limbs = new Uint32Array(4);

  return (view, at, length, row) => {
    const sign = view.getUint16(at + 4);
    if (sign >= signSpecial) return false;
    const digits = view.getUint16(at);
    if (length !== 8 + digits * 2) throw new RangeError("a numeric of the wrong length");
    const weight = view.getInt16(at + 2);
    const negative = sign === signNegative;

    const small = readAsNumber(view, at + 8, digits, weight, scale);
    if (small < 0) return false;
    if (small < smallBound) {
      storeNumber(row, negative ? -small : small);
      return true;
    }
    if (small < exactLimit) return false;
    if (!readAsLimbs(view, at + 8, digits, weight, scale, limbs)) return false;
    if (!isBelow(limbs, bound)) return false;
    if (negative) negate(limbs);
    storeLimbs(row, limbs);
    return true;
  };
}

/**
 * The unscaled value as a double: exact below 2 ** 53, and never below it when the true value is not.
 * -1 if digits beyond the scale would be lost.
 */
function readAsNumber(view: DataView, at: number, digits: number, weight: number, scale: number): number {
  let value = 0;
  let exponent = 4 * weight + scale;
  for (let digit = 0; digit < digits; digit += 1) {
    const next = view.getInt16(at + digit * 2);
    if (exponent >= 0) {
      value = value * 10000 + next;
    } else if (exponent > -4) {
      const whole = next / powerOfTen(-exponent);
      if (!Number.isInteger(whole)) return -1;
      value = value * powerOfTen(4 + exponent) + whole;
    } else if (next !== 0) {
      return -1;
    }
    exponent -= 4;
  }
  // `exponent` has gone one step beyond the last digit.
  return exponent > -4 && value !== 0 ? value * powerOfTen(exponent + 4) : value;
}

/** The same in 128 bits, for values that `readAsNumber` found to have no digit beyond the scale. False if they do not fit. */
function readAsLimbs(
  view: DataView,
  at: number,
  digits: number,
  weight: number,
  scale: number,
  limbs: Uint32Array,
): boolean {
  limbs.fill(0);
  let exponent = 4 * weight + scale;
  for (let digit = 0; digit < digits && exponent > -4; digit += 1) {
    const next = view.getInt16(at + digit * 2);
    const fits =
      exponent >= 0
        ? multiplyAdd(limbs, 10000, next)
        : multiplyAdd(limbs, powerOfTen(4 + exponent), next / powerOfTen(-exponent));
    if (!fits) return false;
    exponent -= 4;
  }
  for (let zeros = exponent + 4; zeros > 0; zeros -= 4) {
    if (!multiplyAdd(limbs, powerOfTen(Math.min(zeros, 4)), 0)) return false;
  }
  return true;
}

/** limbs = limbs * factor + addend, both at most 10000, so that every step is exact in a double. */
function multiplyAdd(limbs: Uint32Array, factor: number, addend: number): boolean {
  let carry = addend;
  for (let index = 0; index < 4; index += 1) {
    const product = (limbs[index] ?? 0) * factor + carry;
    carry = Math.floor(product / limbSize);
    limbs[index] = product - carry * limbSize;
  }
  return carry === 0;
}

function isBelow(limbs: Uint32Array, bound: number[]): boolean {
  for (let index = 3; index >= 0; index -= 1) {
    const difference = (limbs[index] ?? 0) - (bound[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Two's complement. */
function negate(limbs: Uint32Array): void {
  let carry = 1;
  for (let index = 0; index < 4; index += 1) {
    const inverted = limbSize - 1 - (limbs[index] ?? 0) + carry;
    carry = inverted === limbSize ? 1 : 0;
    limbs[index] = carry === 1 ? 0 : inverted;
  }
}

function numberStore(target: ArrayBuffer, width: number): (row: number, value: number) => void {
  if (width === 2) {
    const values = new Int16Array(target);
    return (row, value) => {
      values[row] = value;
    };
  }
  const words = new Int32Array(target);
  if (width === 4) {
    return (row, value) => {
      words[row] = value;
    };
  }
  const stride = width / 4;
  return (row, value) => {
    const high = Math.floor(value / limbSize);
    const at = row * stride;
    words[at] = value - high * limbSize;
    words[at + 1] = high;
    if (stride === 4) {
      const rest = value < 0 ? -1 : 0;
      words[at + 2] = rest;
      words[at + 3] = rest;
    }
  };
}

function limbStore(target: ArrayBuffer, width: number): (row: number, limbs: Uint32Array) => void {
  // A value that needs limbs has 16 digits or more, so narrower columns have refused it.
  if (width < 8) return () => undefined;
  const words = new Uint32Array(target);
  const stride = width / 4;
  return (row, limbs) => {
    for (let index = 0; index < stride; index += 1) words[row * stride + index] = limbs[index] ?? 0;
  };
}

/** The value as PostgreSQL writes it, for a message. */
export function numericText(view: DataView, at: number): string {
  const sign = view.getUint16(at + 4);
  if (sign === 0xc000) return "NaN";
  if (sign === 0xd000) return "Infinity";
  if (sign === 0xf000) return "-Infinity";
  const digits = view.getUint16(at);
  const weight = view.getInt16(at + 2);
  const scale = view.getUint16(at + 6);
  const digitAt = (power: number): string => {
    const index = weight - power;
    const digit = index >= 0 && index < digits ? view.getInt16(at + 8 + index * 2) : 0;
    return String(digit).padStart(4, "0");
  };
  let whole = "";
  for (let power = Math.max(weight, 0); power >= 0; power -= 1) whole += digitAt(power);
  let fraction = "";
  for (let power = -1; fraction.length < scale; power -= 1) fraction += digitAt(power);
  const text = whole.replace(/^0+(?=\d)/, "") + (scale === 0 ? "" : `.${fraction.slice(0, scale)}`);
  return sign === signNegative ? `-${text}` : text;
}
