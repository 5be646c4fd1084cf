/** What ends the demo: one line that says what went wrong and names the way out. Never holds a secret. */
export class DemoError extends Error {
  constructor(what: string, wayOut: string, options?: { cause?: unknown }) {
    super(`${oneLine(what)} ${oneLine(wayOut)}`, options);
    this.name = "DemoError";
  }
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}

/** The last lines a program wrote, for the end of an error line. */
export function lastWords(output: string): string {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.slice(-3).join(" ").slice(-400);
}

/** The one line for it, from whatever noticed. */
export function diskFull(place: string, options?: { cause?: unknown }): DemoError {
  return new DemoError(
    `The disk is full: ${place} takes no more.`,
    "Free 3 GB there, or set NIGHTDESK_HOME (as root: TMPDIR) to a folder on another disk.",
    options,
  );
}

/** True where a program or the system says that a disk has no room left. */
export function saysDiskFull(text: string): boolean {
  return /no space left on device|ENOSPC|not enough space on the disk|disk quota exceeded|database or disk is full|wrote only \d+ of \d+ bytes/i.test(
    text,
  );
}
