import type { ExecutionItemTransport, ExecutionStatus } from "../contract/index.ts";
import { NotFoundError, UnexpectedAnswerError, UnreachableError } from "./errors.ts";
import { logs } from "./logs.ts";
import { pause } from "./pause.ts";
import type { Ask, CallOptions } from "./request.ts";

/** The words of an execution that is over. A word that stands neither here nor anywhere else may still run. */
const ended = ["SUCCESS", "CANCEL", "FAIL", "SKIPPED"] as const satisfies readonly ExecutionStatus[];

export type EndedStatus = (typeof ended)[number];

/** An execution that is over. From a Nightdesk its status was written after a look at the source. */
export interface EndedExecution {
  executionId: string;
  status: EndedStatus;
  /** As the team's last answer had it. */
  item: ExecutionItemTransport;
}

export interface WaitOptions extends CallOptions {
  /** Milliseconds between two looks (default: 1000). */
  everyMs?: number;
  /** Looks without an answer, one after the other, that are borne (default: 5). */
  mostFailures?: number;
  /** Hears of each look that found it not over; waited for. */
  onLook?: (item: ExecutionItemTransport) => void | Promise<void>;
}

/** Whether this word of the wire says that an execution is over. Any word that is not known says nothing. */
export function isEnded(status: string | null): status is EndedStatus {
  return ended.some((word) => word === status);
}

/** Runs of jobs. To start one: `jobs.execute`; to stop one: `jobs.stop`. */
export function executions(ask: Ask) {
  const log = logs(ask);

  async function get(
    poolId: string,
    executionId: string,
    options?: CallOptions,
  ): Promise<ExecutionItemTransport> {
    const items = await log.items(poolId, { executionId, type: "JOB" }, options);
    const item = items.find(({ type }) => type === "JOB");
    if (item !== undefined) return item;
    throw new NotFoundError("the team lists no such execution", {
      call: `GET execution ${executionId}`,
      status: null,
    });
  }

  return {
    /** One execution as a whole: its JOB item. @throws NotFoundError. */
    get,

    /**
     * Waits until the execution is over, and resolves with how it ended: CANCEL and FAIL are answers, not errors.
     * A word that is not known is never taken for an end. A look without an answer is repeated; after
     * `mostFailures` of them in a row, and for a refusal at once, it rejects with that ClientError. It rejects
     * with the signal's reason when it aborts; the execution goes on then.
     */
    async wait(
      poolId: string,
      executionId: string,
      { everyMs = 1000, mostFailures = 5, onLook, signal }: WaitOptions = {},
    ): Promise<EndedExecution> {
      const options = signal === undefined ? {} : { signal };
      for (let failures = 0; ;) {
        try {
          const item = await get(poolId, executionId, options);
          failures = 0;
          const { status } = item;
          if (isEnded(status)) return { executionId, status, item };
          await onLook?.(item);
        } catch (error) {
          const passing = error instanceof UnreachableError || error instanceof UnexpectedAnswerError;
          failures += 1;
          if (!passing || failures > mostFailures) throw error;
        }
        await pause(everyMs, signal);
      }
    },

    /** Every execution of a job, newest first, page by page as they are asked for. */
    async *list(
      poolId: string,
      jobId: string,
      { limit = 100, signal }: { limit?: number } & CallOptions = {},
    ): AsyncGenerator<ExecutionItemTransport, void, undefined> {
      const options = signal === undefined ? {} : { signal };
      // What starts meanwhile moves the rest to later pages: nothing is missed, and what comes twice is left out.
      const seen = new Set<string>();
      for (let page = 0, pages = 1; page < pages; page += 1) {
        const found = await log.executions(poolId, jobId, { limit, page }, options);
        pages = found.numOfPages;
        const fresh = found.executionItems.filter(({ id }) => !seen.has(id));
        if (fresh.length === 0) return;
        for (const item of fresh) {
          seen.add(item.id);
          yield item;
        }
      }
    },
  };
}
