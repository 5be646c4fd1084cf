import { newId } from "../base/ids.ts";
import type { Execution } from "../model/execution.ts";
import { recordedHold } from "../model/audit.ts";
import { describeHold, heldIds, type Hold } from "../model/hold.ts";
import { describeStop, type StopReason } from "../model/stop.ts";
import type { ActiveRun } from "./active-run.ts";
import { nobody, type AuditTrail, type Happening } from "./audit-trail.ts";

/** The reasons for which the server stops something without being asked. */
type OwnReason = Exclude<StopReason, { by: "operator" }>;

const ruleOf: Record<OwnReason["by"], string> = {
  guard: "maintenance window",
  timeout: "execution limit",
  "no-progress": "no-progress limit",
  shutdown: "shutdown",
  "server-stopped": "restart",
};

/**
 * What the server does without a call, as records of the audit log: who is then the server, and which of its rules
 * is in the action. No act waits until its record can be written: like a stop that was called for, it goes on, and
 * the server's log says so.
 */
export class ServerActs {
  readonly #audit: Pick<AuditTrail, "asked" | "done" | "event">;

  constructor(audit: Pick<AuditTrail, "asked" | "done" | "event">) {
    this.#audit = audit;
  }

  /** Before the stop. What came of it follows under the same request id, with the end of the execution or of the server. */
  async stopping(run: ActiveRun, reason: OwnReason): Promise<void> {
    const requestId = newId();
    run.ownStops.push({ requestId, reason });
    await this.#audit.asked(stopOf(run.execution, requestId, reason, null));
  }

  /** The execution is over, and its terminal status is written. */
  async ended(run: ActiveRun, ended: Execution): Promise<void> {
    const outcome = `${ended.status}, ${ended.proof?.level ?? "not proven"}`;
    await this.#answerOwn(run, outcome);
    if (run.connectLimit !== null) {
      const facts = { ...about(ended), deed: "stop", outcome, because: run.connectLimit } as const;
      await this.#audit.event("stop: connect limit", facts);
    }
    // Else the record of the call has it.
    if (!run.answeredBefore) return;
    await this.#audit.event("end of a stopped execution", {
      ...about(ended),
      deed: "end",
      outcome,
      because: run.stop === null ? null : describeStop(run.stop),
    });
  }

  /** The server ends before the execution does. */
  async leftUnproven(run: ActiveRun, now: Execution): Promise<void> {
    await this.#answerOwn(run, `NOT PROVEN, ${now.proof?.level ?? "recorded"}`);
  }

  /** What the source said of an execution that a person had declared over. */
  async sawDeclared(execution: Execution, outcome: string): Promise<void> {
    await this.#audit.event("look at what was declared over", { ...about(execution), deed: "end", outcome });
  }

  /** A hold has ended by its time. `freed`: ids of what may start since. */
  async holdOver(hold: Hold, freed: string[]): Promise<void> {
    await this.#audit.event("end of a hold", {
      channel: "server",
      deed: "release",
      ids: { poolId: hold.poolId, ...heldIds(hold) },
      executions: freed,
      holds: [recordedHold(hold)],
      // Seen later where no server ran at that time.
      outcome: `ENDED BY ITS TIME, ${new Date(hold.until ?? 0).toISOString()}`,
      because: hold.because,
    });
  }

  /** What started in a pool of another team while a hold is in force. `outcome` null: it is about to be stopped. */
  async stopUnderHold(
    hold: Hold,
    run: { jobId: string; executionId: string; requestId: string; outcome: string | null },
  ): Promise<void> {
    const happening: Happening = {
      ...nobody,
      channel: "server",
      requestId: run.requestId,
      action: "stop: hold on a pool of another team",
      deed: "stop",
      ids: { poolId: hold.poolId, jobId: run.jobId },
      executions: [run.executionId],
      outcome: run.outcome,
      because: describeHold(hold),
    };
    await (run.outcome === null ? this.#audit.asked(happening) : this.#audit.done(happening));
  }

  async #answerOwn(run: ActiveRun, outcome: string): Promise<void> {
    for (const { requestId, reason } of run.ownStops.splice(0)) {
      await this.#audit.done(stopOf(run.execution, requestId, reason, outcome));
    }
  }
}

function about({ id, poolId, jobId }: Execution): Pick<Happening, "channel" | "ids" | "executions"> {
  return { channel: "server", ids: { poolId, jobId }, executions: [id] };
}

function stopOf(
  execution: Execution,
  requestId: string,
  reason: OwnReason,
  outcome: string | null,
): Happening {
  const action = `stop: ${ruleOf[reason.by]}`;
  return {
    ...nobody,
    ...about(execution),
    requestId,
    action,
    deed: "stop",
    outcome,
    because: describeStop(reason),
  };
}
