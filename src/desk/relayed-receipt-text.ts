import type { RelayedReceipt } from "../model/receipt.ts";
import type { TeamProbeLook } from "../model/team.ts";
import { ascii, quoted } from "./text.ts";
import { timeText, type TimesRead } from "./times.ts";

/** As `receiptText`, of a run that a team far away has: what this server knows of it, and what it does not. */
export function relayedReceiptText(
  { stop, seen, poolName, teamName, proof }: RelayedReceipt,
  times: TimesRead,
): string {
  const at = (ms: number): string => timeText(ms, times);
  const { executionId, requestedAt, keyName, because, callers, startedAt } = stop;
  const lines = [
    "NIGHTDESK RECEIPT",
    `  execution ${ascii(executionId)}`,
    `  job ${quoted(seen.jobName)} in pool ${quoted(poolName)} of the team ${quoted(teamName)}`,
    `  ${ascii(seen.status)} by the word of the team, seen ${at(seen.at)}`,
    `  ${startedAt === null ? "its start was not told" : `started ${at(startedAt)}`}`,
    "STOP",
    `  ${at(requestedAt)} key ${quoted(keyName)}${because === null ? "" : `: ${ascii(because)}`}${callers === 1 ? "" : `, asked for ${String(callers)} times`}`,
    "PROOF",
    `  ${proof.level}, ${at(proof.at)}: ${ascii(proof.note)}`,
    "PROBES",
    ...(seen.probes.length === 0 ? ["  none looked"] : seen.probes.map((one) => `  ${lookWords(one, at)}`)),
    "TABLES",
    "  the team has them: ask it",
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

function lookWords({ name, look }: TeamProbeLook, at: (ms: number) => string): string {
  const probe = `probe ${quoted(name)}`;
  if ("unknown" in look) return `${probe} could not tell: ${ascii(look.unknown)}`;
  const found = look.clear ? "nothing" : look.found.map((one) => ascii(one)).join(" | ");
  return `${probe} looked ${at(look.at)} and found ${found}`;
}
