import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";
import {
  makeExtractionJob,
  makePool,
  queryPool,
  startTestServer,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./nightdesk.ts";
import { createDatabase, type TestDatabase } from "./postgres.ts";

export type Job = Awaited<ReturnType<typeof makeExtractionJob>>;
export type Mode = "FULL" | "DELTA";
export interface Line {
  level: string;
  text: string;
  code: string | null;
}

export const filters = (log: Line[]): string[] =>
  log.flatMap(({ text }) => (text.startsWith("Setting filter to: ") ? [text.slice(19)] : []));
export const codes = (log: Line[]): (string | null)[] => log.map(({ code }) => code);
export const texts = (log: Line[]): string => log.map(({ text }) => text).join("\n");

/** A table whose changes are found by its column `at`. */
export const byDate = (
  tableName: string,
  changes: Record<string, unknown> = {},
): Record<string, unknown> => ({
  tableName,
  changeDateColumn: "at",
  ...changes,
});

/** A real server that runs one job at a time, a real source, and what is asked of them again and again. */
export class DeltaBench {
  readonly source: TestDatabase;
  readonly server: TestServer;
  readonly pool: { poolId: string; dataSourceId: string };

  private constructor(parts: Pick<DeltaBench, "source" | "server" | "pool">) {
    this.source = parts.source;
    this.server = parts.server;
    this.pool = parts.pool;
  }

  static async open(): Promise<DeltaBench> {
    const source = await createDatabase("delta");
    const server = await startTestServer({ mostRunning: 1 });
    return new DeltaBench({ source, server, pool: await makePool(server, source) });
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.source.end();
  }

  /** After each test: nothing of it is left at the source, and nothing unexpected was reported. */
  async expectQuiet(): Promise<void> {
    expect(await taggedSessions(this.source)).toEqual([]);
    expect(this.server.reports).toEqual([]);
  }

  /** `rows` rows with a key and a change date, a second apart. */
  async makeTable(name: string, rows: number): Promise<void> {
    await this.source.sql(`
      create table ${name} (id int primary key, val text, at timestamptz);
      insert into ${name} select g, 'value ' || g, timestamptz '2024-01-01 00:00+00' + g * interval '1 second'
        from generate_series(1, ${String(rows)}) g;
      analyze ${name};
    `);
  }

  makeJob(name: string, ...tables: Parameters<typeof makeExtractionJob>[3]): Promise<Job> {
    return makeExtractionJob(this.server, this.pool, name, tables);
  }

  async makeVariable(taskId: string, variable: Record<string, unknown>): Promise<string> {
    const { id } = await this.server.ok("POST", `${this.variablesOf(taskId)}/`, {
      type: "PRIVATE_CONSTANT",
      dataType: "STRING",
      ...variable,
    });
    return id as string;
  }

  variablesOf(taskId: string): string {
    return `/integration/api/pools/${this.pool.poolId}/tasks/${taskId}/variables`;
  }

  async start(job: Job, mode: Mode): Promise<string> {
    const { executionId } = await this.server.ok("POST", `${job.path}/execute`, { mode });
    return executionId as string;
  }

  /** The status of its end. */
  ended(job: Job): Promise<string> {
    return waitForStatus(this.server, this.pool.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL");
  }

  /** The log of an execution, oldest line first. */
  async logOf(executionId: string): Promise<Line[]> {
    const { logMessages } = await this.server.ok(
      "GET",
      `/integration/api/pools/${this.pool.poolId}/logs/executions/detail?executionId=${executionId}&type=JOB&limit=500&page=0`,
    );
    return logMessages
      .map((line: { level: string; logMessage: string; logTranslationCode: string | null }) => ({
        level: line.level,
        text: line.logMessage,
        code: line.logTranslationCode,
      }))
      .toReversed();
  }

  /** Runs to the end. */
  async run(job: Job, mode: Mode): Promise<{ status: string; log: Line[] }> {
    const executionId = await this.start(job, mode);
    const status = await this.ended(job);
    return { status, log: await this.logOf(executionId) };
  }

  async succeed(job: Job, mode: Mode): Promise<Line[]> {
    const { status, log } = await this.run(job, mode);
    expect([status, log.filter(({ level }) => level === "ERROR")]).toEqual(["SUCCESS", []]);
    return log;
  }

  query(job: Job, statement: string): Promise<unknown[][]> {
    return queryPool(this.server, job.path, statement);
  }

  /** Number and checksum of all rows of a table of `makeTable`, at the source and in the pool. */
  async sides(job: Job, table: string): Promise<{ source: unknown; pool: unknown }> {
    const [there] = await this.source.sql(
      `select count(*)::text as n, md5(string_agg(concat_ws('|', id, coalesce(val, '~'), (extract(epoch from at) * 1000000)::bigint), ',' order by id, val, at)) as sum from ${table}`,
    );
    const [here] = await this.query(
      job,
      `select count(*)::varchar, md5(string_agg(concat_ws('|', id, coalesce(val, '~'), epoch_us("at")), ',' order by id, val nulls last, "at" nulls last)) from "${table}"`,
    );
    return { source: Object.values(there ?? {}), pool: here };
  }

  async expectEqual(job: Job, table: string): Promise<void> {
    const { source, pool } = await this.sides(job, table);
    expect(pool).toEqual(source);
  }

  /** 0: no limit. */
  async limitRows(maxRowsPerSecond: number): Promise<void> {
    const path = `/integration/api/datasource/POSTGRESQL/${this.pool.dataSourceId}`;
    const whole = await this.server.ok("GET", path);
    await this.server.ok("PUT", path, {
      ...whole,
      configuration: { ...whole.configuration, maxRowsPerSecond },
    });
  }

  /** Until the run has read more than `rows` rows. */
  async untilRead(job: Job, rows: number): Promise<void> {
    await until(async () => {
      const { jobs } = await this.server.ok("GET", `/desk/v1/pools/${this.pool.poolId}/status`);
      return jobs.find((one: { id: string }) => one.id === job.jobId).rows > rows ? true : null;
    });
  }

  /** kill -9 of the one process that owns the pool. */
  killPoolProcess(): void {
    const folder = join(this.server.home, "pools", this.pool.poolId);
    const processes = execFileSync("ps", ["-A", "-ww", "-o", "pid=,args="], { encoding: "utf8" });
    const pids = processes
      .split("\n")
      .filter((line) => line.includes(folder))
      .map((line) => Number.parseInt(line, 10));
    expect(pids).toHaveLength(1);
    process.kill(pids[0] ?? 0, "SIGKILL");
  }
}
