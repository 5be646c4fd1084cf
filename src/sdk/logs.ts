import type {
  ExecutionItemTransport,
  ExecutionItemsPage,
  ExecutionType,
  JobStatusTransport,
  LogLevel,
  LogMessage,
  LogMessagesPage,
} from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** Lines a page when all of a log is read. */
const pageLines = 500;

/** Whose lines: of the whole execution unless `type` and `id` name a part of it. */
export interface LogQuery {
  executionId: string;
  type?: ExecutionType;
  /** Of the task or table. */
  id?: string | null;
  /** Absent or empty: every level. */
  logLevels?: readonly LogLevel[];
}

/** Statuses, past executions and their log lines. Pages are numbered from 0, newest first. */
export function logs(ask: Ask) {
  async function detail(
    poolId: string,
    query: LogQuery & { type: ExecutionType; limit?: number; page?: number },
    options?: CallOptions,
  ): Promise<LogMessagesPage> {
    const path = pathOf("/integration/api/pools/{poolId}/logs/executions/detail", { poolId });
    return asObject(await ask({ method: "GET", path, query: { ...query } }, options));
  }

  return {
    /** One line per job of the pool. */
    async status(poolId: string, options?: CallOptions): Promise<JobStatusTransport[]> {
      const path = pathOf("/integration/api/pools/{poolId}/logs/status", { poolId });
      return asList(await ask({ method: "GET", path }, options));
    },
    /** Runs of one job. */
    async executions(
      poolId: string,
      jobId: string,
      page: { limit?: number; page?: number },
      options?: CallOptions,
    ): Promise<ExecutionItemsPage> {
      const path = pathOf("/integration/api/pools/{poolId}/logs/{jobId}/executions", { poolId, jobId });
      return asObject(await ask({ method: "GET", path, query: { ...page } }, options));
    },
    /** Items of one run on the level `type`, of a Nightdesk without it on all; `id` is the job's for TASK. */
    async items(
      poolId: string,
      query: { executionId: string; type?: ExecutionType; id?: string | null },
      options?: CallOptions,
    ): Promise<ExecutionItemTransport[]> {
      const path = pathOf("/integration/api/pools/{poolId}/logs/executions", { poolId });
      return asList(await ask({ method: "GET", path, query: { ...query } }, options));
    },
    /** A page of log lines of one item, newest first. All of them: `messages`. */
    detail,

    /**
     * Every log line that is there now and is not in `seen`, oldest first, with its id put into `seen`: called
     * again with the same set it yields what came since. The wire gives the newest first, so what is new is
     * read whole before the first line is yielded; an unread log costs its own size of memory.
     */
    async *messages(
      poolId: string,
      { type = "JOB", ...query }: LogQuery,
      { seen = new Set(), signal }: { seen?: Set<string> } & CallOptions = {},
    ): AsyncGenerator<LogMessage, void, undefined> {
      const options = signal === undefined ? {} : { signal };
      const fresh = new Map<string, LogMessage>();
      let oldest = Infinity;
      for (let page = 0, pages = 1; page < pages; page += 1) {
        const found = await detail(poolId, { ...query, type, limit: pageLines, page }, options);
        pages = found.numOfPages;
        // Lines written meanwhile move the others to later pages, and may stand there before what is known:
        // those are for the next call, or the order would be lost.
        const known = found.logMessages.findLastIndex(({ id }) => fresh.has(id));
        const older = found.logMessages
          .slice(known + 1)
          .filter(({ id, date }) => !seen.has(id) && (known >= 0 || date <= oldest));
        for (const line of older) fresh.set(line.id, line);
        oldest = older.at(-1)?.date ?? oldest;
        if (found.logMessages.some(({ id }) => seen.has(id))) break;
      }
      for (const line of [...fresh.values()].reverse()) {
        seen.add(line.id);
        yield line;
      }
    },
  };
}
