/**
 * How long a cancelled extraction stays at the source: from the durable record of the cancel to "no session of it
 * in pg_stat_activity", against `pg_cancel_backend` of an equal COPY by hand, until its session is not active any
 * more. Both read the same table as fast as they can, in a process of their own, and are cancelled after the same
 * time; the same third connection, asking without a pause, sees both ends.
 *
 * The record's time is the server's own, written in the transaction of the record, in whole milliseconds rounded
 * down and taken before the commit: so the commit counts, and up to a millisecond too much. The figures "from the
 * call" begin where the HTTP request is sent, by a finer clock, and have no goal.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import type pg from "pg";
import { Connection } from "../src/state/sqlite/connection.ts";
import { interleave, ofQuantile, type Bench, type Figure } from "./figure.ts";
import { fillLines, makeLineJob, type LineJob } from "./finance-lines.ts";
import { answerOf, Stage, type ServedNightdesk } from "./stage.ts";

const table = "BSEG";
const byHandName = "by hand";

export const benchCancel: Bench = ({ quick, say }) =>
  Stage.with(async (stage) => {
    const source = await stage.postgres();
    const watch = new Watch(await stage.session(source, "watch"));
    const control = await stage.session(source, "control");
    say("filling the table");
    // Enough to be read for longer than any cancel waits, by either reader.
    await fillLines(control, table, quick ? 1_000_000 : 3_000_000);
    const server = await stage.nightdesk("home");
    const job = await makeLineJob(server, source, table);
    const reader = stage.script(
      "./copy-by-hand.ts",
      JSON.stringify({ ...source, application_name: byHandName }),
      table,
    );
    await answerOf(reader);

    const fromCall: number[] = [];
    const ours = async (round: number): Promise<number> => {
      const { executionId } = await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
      const { calledAt, goneAt } = await cancelled(server, job, watch, delayOf(round));
      fromCall.push(goneAt - calledAt);
      const { stopRequestedAt } = recordOf(join(stage.folder, "home", "state.db"), job.jobId);
      if (typeof executionId === "string" && stopRequestedAt === 0)
        throw new Error("the cancel is not on record");
      return goneAt - stopRequestedAt;
    };
    const byHand = async (round: number): Promise<number> => {
      reader.send("read");
      const session = await watch.until((seen) => seen.find(isByHand));
      await sleep(delayOf(round));
      const calledAt = now();
      const gone = watch.until((seen) => (seen.some(isByHand) ? null : now()));
      await control.query("SELECT pg_cancel_backend($1)", [session.pid]);
      const goneAt = await gone;
      const code = await answerOf<string>(reader);
      if (code !== "57014") throw new Error(`the COPY by hand ended with ${code}, not by the cancel`);
      return goneAt - calledAt;
    };

    await interleave(2, { ours, byHand }); // not counted: processes and caches are new
    fromCall.length = 0;
    const ms = await interleave(quick ? 10 : 120, { ours, byHand });
    const figures = (name: string, taken: number[], goals?: [p50: number, p95: number]): Figure[] =>
      [0.5, 0.95].map((quantile, index) =>
        ofQuantile(quantile, {
          bench: "cancel",
          name: `time, p${String(quantile * 100)}: ${name} / pg_cancel_backend`,
          ours: taken,
          limit: ms.byHand,
          unit: "ms",
          ...(goals === undefined ? {} : { goal: { sign: "<=", value: goals[index] ?? 0 } }),
        }),
      );
    return [
      ...figures("a cancel, from its record", ms.ours, [3, 5]),
      ...figures("a cancel, from the call", fromCall),
    ];
  });

/** Cancels spread over a reading that is well under way. */
function delayOf(round: number): number {
  return 150 + ((round * 37) % 200);
}

/** Epoch milliseconds with a fraction: comparable with what the server wrote, on the same machine. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

interface Seen {
  pid: number;
  name: string;
  state: string;
}

const isOurs = ({ name }: Seen): boolean => name.startsWith("nd:");
const isByHand = ({ name, state }: Seen): boolean => name === byHandName && state === "active";

/** The third connection. */
class Watch {
  readonly #session: pg.Client;

  constructor(session: pg.Client) {
    this.#session = session;
  }

  /** Asks without a pause until `found` gives something. */
  async until<T>(found: (seen: Seen[]) => T | null | undefined): Promise<T> {
    for (;;) {
      const { rows } = await this.#session.query<Seen>({
        name: "sessions",
        text: `SELECT pid, application_name AS name, state FROM pg_stat_activity
          WHERE application_name LIKE 'nd:%' OR application_name = '${byHandName}'`,
      });
      const answer = found(rows);
      if (answer !== null && answer !== undefined) return answer;
    }
  }
}

/** One run cancelled in the middle of its COPY; proven, or it throws. */
async function cancelled(
  server: ServedNightdesk,
  { path }: LineJob,
  watch: Watch,
  delayMs: number,
): Promise<{ calledAt: number; goneAt: number }> {
  await watch.until((seen) => seen.find((one) => isOurs(one) && one.state === "active"));
  await sleep(delayMs);
  const calledAt = now();
  const answer = server.call("POST", `${path}/cancel`);
  const goneAt = await watch.until((seen) => (seen.some(isOurs) ? null : now()));
  const { status, text } = await answer;
  if (status !== 200 || text !== "") throw new Error(`the cancel was answered ${String(status)} ${text}`);
  return { calledAt, goneAt };
}

/** The latest execution of the job as the server's state has it. @throws Error unless it is CANCEL. */
function recordOf(file: string, jobId: string): { stopRequestedAt: number } {
  const state = new Connection(file);
  try {
    const row = state.first(
      "SELECT status, stop_requested_at FROM execution WHERE job_id = $jobId ORDER BY sequence DESC LIMIT 1",
      { jobId },
    );
    if (row?.text("status") !== "CANCEL") throw new Error("the execution was cancelled and is not CANCEL");
    return { stopRequestedAt: row.integer("stop_requested_at") };
  } finally {
    state.close();
  }
}
