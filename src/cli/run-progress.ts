import { quoted, timeText } from "../desk/index.ts";
import type { Client, ExecutionItemTransport } from "../sdk/index.ts";
import type { CliContext } from "./context.ts";

const barWidth = 30;
/** Without a percentage a line comes at least so often when piped. */
const silentMs = 30_000;

interface Amount {
  rows: number;
  /** null: the source estimates nothing for one of its tables. */
  estimated: number | null;
}

/**
 * Shows how far an execution is, on standard error: a bar on a terminal, elsewhere a line when its status changes,
 * with every further ten percent, and without an estimate every half minute.
 */
export function runProgress(
  client: Client,
  poolId: string,
  executionId: string,
  { stderr, clock, signal }: Pick<CliContext, "stderr" | "clock" | "signal">,
): { onLook: (item: ExecutionItemTransport) => Promise<void>; over: () => void } {
  const terminal = stderr.isTTY === true;
  const began = clock.monotonic();
  let drawn = false;
  let shown = "";
  let shownAt = -Infinity;
  return {
    onLook: async ({ name, status }) => {
      const items = await client.logs
        .items(poolId, { executionId, type: "STEP" }, { signal })
        .catch(() => []);
      const amount = amountOf(items);
      if (terminal) {
        const seconds = Math.round((clock.monotonic() - began) / 1000);
        stderr.write(`\r${bar(amount)} ${status}, ${words(amount)}, ${String(seconds)} s\u001b[K`);
        drawn = true;
        return;
      }
      const tenths = percentOf(amount) === null ? null : Math.floor((percentOf(amount) ?? 0) / 10);
      const state = `${status} ${String(tenths)}`;
      const silent = tenths === null && clock.monotonic() - shownAt >= silentMs;
      if (state === shown && !silent) return;
      shown = state;
      shownAt = clock.monotonic();
      stderr.write(
        `${timeText(clock.now(), null)} ${quoted(name ?? "")} ${quotedWord(status)}, ${words(amount)}\n`,
      );
    },
    over: () => {
      if (drawn) stderr.write("\r\u001b[K");
    },
  };
}

function amountOf(items: readonly ExecutionItemTransport[]): Amount {
  let rows = 0;
  let estimated: number | null = items.length === 0 ? null : 0;
  for (const item of items) {
    rows += item.rows ?? 0;
    // What is over is as many as it was, whatever was estimated.
    const expected = item.endDate === null ? (item.estimatedRows ?? null) : (item.rows ?? 0);
    estimated = estimated === null || expected === null ? null : estimated + expected;
  }
  return { rows, estimated };
}

/** An estimate may be too low: 99 at most while it is not over. */
function percentOf({ rows, estimated }: Amount): number | null {
  return estimated === null || estimated <= 0 ? null : Math.min(99, Math.floor((rows / estimated) * 100));
}

function bar(amount: Amount): string {
  const filled = Math.round(((percentOf(amount) ?? 0) / 100) * barWidth);
  return `[${"#".repeat(filled)}${".".repeat(barWidth - filled)}]`;
}

function words(amount: Amount): string {
  const percent = percentOf(amount);
  const of = percent === null ? "" : ` of about ${String(amount.estimated)} (${String(percent)} %)`;
  return `${String(amount.rows)} rows${of}`;
}

/** A word of the wire; what is none stands in quotes. */
function quotedWord(status: string): string {
  return /^[A-Z]+$/.test(status) ? status : quoted(status);
}
