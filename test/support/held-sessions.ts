/** Sessions of executions that are held at one place: frozen where that harms nobody else, or before a gate. */
import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { until } from "./nightdesk.ts";
import type { TestDatabase } from "./postgres.ts";

/** What a backend waits for that has all it needs and lets others have theirs. */
type Waits = "ClientWrite" | "ClientRead" | "PgSleep";

/**
 * Freezes (SIGSTOP) the session of an execution in this database while it waits; `executionId` null: of any. Its
 * process id. One that is frozen in the middle of its work may hold a lock that every other database of its server
 * needs, so one that went on between our look and the signal is let go and tried again.
 */
export async function freezeWaiting(
  source: Pick<TestDatabase, "sql">,
  executionId: string | null,
  ...waits: Waits[]
): Promise<number> {
  const waiting = async (): Promise<number[]> => {
    const rows = await source.sql<{ pid: number }>(
      `select pid from pg_stat_activity where application_name like $1 and wait_event = any($2)
        and datname = current_database()`,
      [`nd:${executionId ?? "%"}`, waits],
    );
    return rows.map(({ pid }) => pid);
  };
  for (;;) {
    const pid = await until(async () => (await waiting())[0] ?? null);
    process.kill(pid, "SIGSTOP");
    await until(async () =>
      /^State:\s+T/m.test(await readFile(`/proc/${String(pid)}/status`, "utf8")) ? true : null,
    );
    if ((await waiting()).includes(pid)) return pid;
    process.kill(pid, "SIGCONT");
  }
}

/** A place at the source that a run does not pass before the test lets it. */
export interface Gate {
  /** Part of a filter: true, as soon as the gate is open. */
  filter: string;
  /** Resolves when a run stands before it. */
  reached: () => Promise<void>;
  open: () => Promise<void>;
}

/** Closed at first: by a lock that the test's own session holds, so no run passes it by being fast. */
export async function makeGate(source: Pick<TestDatabase, "sql">): Promise<Gate> {
  const key = String(randomInt(1, 2 ** 31));
  await source.sql(`select pg_advisory_lock(${key})`);
  return {
    filter: `pg_advisory_xact_lock_shared(${key}) is not null`,
    reached: async () => {
      await until(async () => {
        const rows = await source.sql(
          "select from pg_stat_activity where application_name like 'nd:%' and wait_event = 'advisory' and datname = current_database()",
        );
        return rows.length > 0 ? true : null;
      });
    },
    open: async () => void (await source.sql(`select pg_advisory_unlock(${key})`)),
  };
}
