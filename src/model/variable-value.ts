import type { VariableDataType } from "./definitions.ts";

const wholeNumber = /^[+-]?\d+$/;
const decimalNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Whether a text may be put in for a variable of this type. A number stands in SQL without quotes, so it must be
 * nothing but one; dates and texts may be anything.
 */
export function fitsType(dataType: VariableDataType, text: string): boolean {
  switch (dataType) {
    case "INT":
      return wholeNumber.test(text.trim());
    case "DOUBLE":
      return decimalNumber.test(text.trim());
    case "DATE":
    case "STRING":
      return true;
  }
}
