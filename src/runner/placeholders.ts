import { UserError } from "../model/errors.ts";

/** A text between placeholders, or the name in `<%= name %>`. */
export type Piece = { text: string } | { placeholder: string };

const opening = "<%=";
const closing = "%>";

/**
 * A text taken apart at its placeholders, from left to right and once: what is put in for one is never looked at
 * again. Takes time in proportion to the text.
 * @throws UserError with VARIABLE_RESOLVING_ERROR for a placeholder without an end.
 */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf(opening, at);
    if (start < 0) {
      pieces.push({ text: text.slice(at) });
      return pieces;
    }
    const end = text.indexOf(closing, start + opening.length);
    if (end < 0) throw unresolved(`a placeholder begins with ${opening} and has no end ${closing}`);
    pieces.push({ text: text.slice(at, start) });
    pieces.push({ placeholder: text.slice(start + opening.length, end).trim() });
    at = end + closing.length;
  }
}

/** Why a text could not be resolved. */
export function unresolved(message: string, cause?: unknown): UserError {
  return new UserError("invalid", message, {
    operation: "resolve the variables",
    next: "correct the variables of the task, or the text that names them",
    code: "VARIABLE_RESOLVING_ERROR",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A placeholder for a message: one line, not longer than a line should be. */
export function shown(placeholder: string): string {
  const line = placeholder.replace(/\s+/g, " ");
  return `${opening} ${line.length > 80 ? `${line.slice(0, 80)}...` : line} ${closing}`;
}
