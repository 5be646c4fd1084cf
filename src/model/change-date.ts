import type { TableExtraction } from "./definitions.ts";

export type OffsetUnit = "DAYS" | "HOURS" | "MINUTES";

/** The column by which changes of a table are found, and how far a delta load looks back behind its mark. */
export interface ChangeDate {
  column: string;
  /** 0 or more. */
  offset: number;
  unit: OffsetUnit;
}

/** The change date of a table as its wire object says; null if it names no column. */
export function changeDateOf({ extra }: TableExtraction): ChangeDate | null {
  const { changeDateColumn, changeDateOffset, changeDateOffsetType } = extra;
  if (typeof changeDateColumn !== "string" || changeDateColumn.trim() === "") return null;
  // A table of an earlier version may hold one below 0, which would look ahead and pass rows over.
  const offset = typeof changeDateOffset === "number" ? Math.max(0, changeDateOffset) : 0;
  const unit =
    changeDateOffsetType === "HOURS" || changeDateOffsetType === "MINUTES" ? changeDateOffsetType : "DAYS";
  return { column: changeDateColumn.trim(), offset, unit };
}
