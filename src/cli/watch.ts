import { toAscii } from "../base/ascii.ts";
import { jobLine, timeText, verdictText } from "../desk/index.ts";
import type { Verdict } from "../desk/index.ts";
import type { CliContext, Output } from "./context.ts";
import { coloured, verdictJson } from "./print.ts";
import type { Place } from "./print.ts";

const everyMs = 2000;

/** Upper left corner; and from there on nothing is left of what stood there. */
const home = "\u001b[H";
const eraseLine = "\u001b[K";
const eraseBelow = "\u001b[J";

/**
 * Looks again and again until the process is told to end. On a terminal the answer is drawn anew, with its age;
 * otherwise each change is a line that begins with its time, with `json` one object. What no later look can change
 * (a refused key, a wrong command) ends it.
 * @returns the code of the last look; 20 when that was interrupted.
 */
export async function watch(
  look: () => Promise<Verdict>,
  { json, place }: { json: boolean; place: Place },
  { stdout, clock, signal }: CliContext,
): Promise<number> {
  const changes = changesSince();
  for (let last: Verdict | null = null; ;) {
    const verdict = await look();
    if (json) {
      if (changes(verdict).length > 0) stdout.write(`${verdictJson(verdict, place)}\n`);
    } else if (stdout.isTTY === true) {
      draw(verdict, last, clock.now(), stdout);
    } else {
      const now = timeText(clock.now(), verdict.settings);
      stdout.write(
        changes(verdict)
          .map((line) => `${now} ${line}\n`)
          .join(""),
      );
    }
    if (verdict.word === "DENIED" || verdict.word === "USAGE" || signal.aborted) return verdict.code;
    if (verdict.asOf !== null) last = verdict;
    try {
      await clock.sleep(everyMs, { signal });
    } catch {
      return verdict.code;
    }
  }
}

/** Tells what is not as it was at the call before, a line each; what only counts on (rows, seconds) is no change. */
function changesSince(): (verdict: Verdict) => string[] {
  const shown = new Map<string, string>();
  const changed = (what: string, state: string): boolean => {
    const before = shown.get(what);
    shown.set(what, state);
    return before !== state;
  };
  return (verdict) => {
    const jobs = verdict.jobs.filter(({ id, status, word, executionId, stopping, declared }) =>
      changed(
        `job ${id}`,
        JSON.stringify([status, word, executionId, stopping?.level ?? null, declared?.seen ?? null]),
      ),
    );
    const { word, code, reason } = verdict;
    const answer = changed("answer", word)
      ? [`NIGHTDESK ${word} CODE ${String(code)} REASON ${toAscii(reason)}`]
      : [];
    return [...jobs.map((job) => jobLine(job, verdict.settings).trimStart()), ...answer];
  };
}

function draw(verdict: Verdict, last: Verdict | null, now: number, stdout: Output): void {
  const known =
    verdict.asOf !== null || last?.asOf === undefined || last.asOf === null
      ? ""
      : `; last answer: ${last.word}, ${String(Math.round((now - last.asOf) / 1000))} s ago`;
  const text = `${coloured(verdictText(verdict), verdict, stdout)}${timeText(now, verdict.settings)}${known}; every 2 s, Ctrl-C ends it\n`;
  stdout.write(home + text.replaceAll("\n", `${eraseLine}\n`) + eraseBelow);
}
