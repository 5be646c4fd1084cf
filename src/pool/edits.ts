/** A text with some places replaced, and the way back from an offset in it to the original. */
export interface Rewritten {
  sql: string;
  /** Offset in the original for an offset in `sql`; inside a replacement, the start of what was replaced. */
  original(offset: number): number;
}

/** Replaces [start, end) by `text`. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Applies edits that do not overlap and come in order. */
export function applyEdits(source: string, edits: Edit[]): Rewritten {
  let sql = "";
  let at = 0;
  const marks: { from: number; to: number; original: number; text: boolean }[] = [];
  const keep = (end: number): void => {
    marks.push({ from: sql.length, to: sql.length + end - at, original: at, text: true });
    sql += source.slice(at, end);
  };
  for (const { start, end, text } of edits) {
    keep(start);
    marks.push({ from: sql.length, to: sql.length + text.length, original: start, text: false });
    sql += text;
    at = end;
  }
  keep(source.length);
  return {
    sql,
    original: (offset) => {
      const mark = marks.find(({ from, to }) => offset >= from && offset < to);
      if (mark === undefined) return source.length;
      return mark.text ? mark.original + offset - mark.from : mark.original;
    },
  };
}
