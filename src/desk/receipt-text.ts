import { describeHold, type Hold, type Waiting } from "../model/hold.ts";
import type { Receipt } from "../model/receipt.ts";
import { describeStop } from "../model/stop.ts";
import { ascii, quoted } from "./text.ts";
import { timeText, type TimesRead } from "./times.ts";

/** What stands beside a receipt at the time of asking, and how its readers read times. */
export interface ReceiptFacts {
  poolName: string;
  asOf: number;
  next: Waiting[];
  holds: Hold[];
  settings: TimesRead;
}

/**
 * How an execution ended, as text that can be attached to a shift report: pure ASCII, CRLF, only the headings
 * at the margin. `next` and `holds`: what waits in its pool at the time of asking, and what holds it.
 */
export function receiptText(
  { execution, endedAt, callers, steps, proof, settlement, tables }: Receipt,
  { poolName, asOf, next, holds, settings }: ReceiptFacts,
): string {
  const at = (ms: number): string => timeText(ms, settings);
  const { id, jobName, mode, status, failure, queuedAt, startedAt } = execution;
  const none = ["nothing"];
  const lines = [
    "NIGHTDESK RECEIPT",
    ...indented([
      `execution ${id}`,
      `job ${quoted(jobName)} in pool ${quoted(poolName)}, mode ${mode}`,
      `${status}${failure === null ? "" : `: ${ascii(failure)}`}`,
      `queued ${at(queuedAt)}, ${startedAt === null ? "never started" : `started ${at(startedAt)}`}, ended ${at(endedAt)}`,
    ]),
    "STOP",
    ...indented(
      callers.length === 0
        ? ["nobody asked for one"]
        : callers.map(
            ({ at: askedAt, reason }) =>
              `${at(askedAt)} ${ascii(describeStop(reason))}${reason.by === "operator" ? `, through the ${reason.channel}` : ""}`,
          ),
    ),
    "STEPS",
    ...indented(
      steps.length === 0
        ? none
        : steps.map(({ at: takenAt, step, note }) => `${at(takenAt)} ${step}: ${ascii(note)}`),
    ),
    "PROOF",
    ...indented([
      `${proof.level === "declared" ? "NONE: " : ""}${proof.level}, ${at(proof.at)}: ${ascii(proof.note)}`,
      ...(settlement === null
        ? []
        : [
            `declared over by key ${quoted(settlement.keyName)}; the source since: ${settlement.seen}, ${at(settlement.seenAt)}: ${ascii(settlement.seenNote)}`,
          ]),
    ]),
    "TABLES",
    ...indented(
      tables.length === 0
        ? none
        : tables.map(
            ({ target, effect, rows, bytes }) =>
              `${quoted(target)} ${effect}${rows === null ? "" : `, ${String(rows)} rows`}${bytes === null ? "" : `, ${String(bytes)} bytes`}`,
          ),
    ),
    `NEXT (as of ${at(asOf)})`,
    ...indented([
      ...(next.length === 0
        ? ["nothing waits to start in this pool"]
        : next.map(
            ({ execution: one, when }) =>
              `${quoted(one.jobName)} starts ${when === "held" ? "when its hold ends" : when}`,
          )),
      ...holds.map((hold) => ascii(describeHold(hold))),
    ]),
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

function indented(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
