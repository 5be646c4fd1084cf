import type { Execution, SourceSessionId } from "../../model/execution.ts";
import { UserError } from "../../model/errors.ts";
import type { ExecutionStore } from "../../model/state-store.ts";
import type { StopReason } from "../../model/stop.ts";
import { describeStop, statusAfterStop } from "../../model/stop.ts";
import type { Connection } from "./connection.ts";
import { holdOver, holdsExecution } from "./holds.ts";
import { storable } from "./connection.ts";
import { explain } from "./refusals.ts";
import type { Row } from "./row.ts";
import { insertSettlement } from "./execution-end.ts";
import { writeItem } from "./execution-items.ts";
import { writeLine } from "./execution-log.ts";

type Executions = Omit<
  ExecutionStore,
  | "poolStatus"
  | "jobStatus"
  | "saveItem"
  | "items"
  | "item"
  | "appendLog"
  | "log"
  | "recordStep"
  | "endSteps"
  | "settlement"
  | "openSettlements"
  | "noteSettlement"
>;

const selectExecution = "SELECT execution.*, plan FROM execution JOIN run_plan ON execution_id = id";

/** Written exactly as in the partial indices, which the database uses only then. */
const active = "(status = 'QUEUED' OR status = 'RUNNING')";

/**
 * The life of executions. Every change of a status is one guarded UPDATE here; the triggers and checks of
 * the schema refuse the same faults a second time.
 */
export function executionStore(connection: Connection): Executions {
  const byId = (id: string): Execution | null =>
    toExecution(connection.first(`${selectExecution} WHERE id = $id`, { id }));
  const activeOf = (jobId: string): Execution | null =>
    toExecution(connection.first(`${selectExecution} WHERE job_id = $jobId AND ${active}`, { jobId }));

  return {
    async enqueue(execution) {
      return connection.transaction(() => {
        const other = activeOf(execution.jobId);
        if (other !== null) return { enqueued: false, active: other };
        const hold = holdOver(connection, execution);
        if (hold !== null) return { enqueued: false, hold };
        insert(connection, execution);
        return { enqueued: true };
      });
    },

    async claimNext(most, at) {
      return connection.transaction(() => {
        const claimed = connection.first(
          `UPDATE execution SET status = 'RUNNING', started_at = $at
           WHERE sequence = (SELECT sequence FROM execution WHERE status = 'QUEUED' AND NOT EXISTS (${holdsExecution})
                             ORDER BY sequence LIMIT 1)
             AND (SELECT count(*) FROM execution WHERE status = 'RUNNING') < $most
           RETURNING id`,
          { most, at },
        );
        return claimed && byId(claimed.text("id"));
      });
    },

    async requestStop(id, reason, at) {
      return connection.transaction(() => {
        const ended = stopQueued(connection, id, reason, at);
        const running = !ended && stopRunning(connection, id, reason, at);
        const execution = byId(id);
        if (execution === null) return null;
        // Fifty at once are fifty callers, also where the first of them has ended it.
        const neverBegan = execution.status === "CANCEL" && execution.startedAt === null;
        if (ended || running || neverBegan) noteCaller(connection, id, reason, at);
        return { execution, ended };
      });
    },

    async markSourceTouched(id) {
      const changes = connection.run(
        "UPDATE execution SET source_touched = 1 WHERE id = $id AND status = 'RUNNING'",
        { id },
      );
      mustRun(changes, "record that a source is touched", id);
    },

    async addSession(id, { pid, startedAt, serverStartedAt }) {
      const changes = connection.run(
        `UPDATE execution SET sessions = json_insert(sessions, '$[#]', json($session))
         WHERE id = $id AND status = 'RUNNING'`,
        { id, session: JSON.stringify({ pid, startedAt, serverStartedAt }) },
      );
      mustRun(changes, "record a session at the source", id);
    },

    async recordProof(id, { level, at, note }) {
      // A look that ends after the execution did tells nothing new.
      connection.run(
        `UPDATE execution SET proof_level = $level, proof_at = $at, proof_note = $note WHERE id = $id AND ${active}`,
        { id, level, at, note: storable(note) },
      );
    },

    async finish(id, status, { at, proof, failure, settlement, items = [], lines = [] }) {
      return connection.transaction(() => {
        const changes = connection.run(
          `UPDATE execution SET status = $status, ended_at = $at, failure = $failure,
           proof_level = $level, proof_at = $proofAt, proof_note = $note
         WHERE id = $id AND status = 'RUNNING'`,
          {
            id,
            status,
            at,
            failure: failure === null ? null : storable(failure),
            level: proof.level,
            proofAt: proof.at,
            note: storable(proof.note),
          },
        );
        if (changes !== 1) return false;
        if (settlement !== undefined) insertSettlement(connection, settlement);
        for (const item of items) writeItem(connection, item);
        for (const line of lines) writeLine(connection, line);
        return true;
      });
    },

    async execution(id) {
      return byId(id);
    },

    async activeExecutions() {
      return activeExecutions(connection);
    },

    async activeExecution(jobId) {
      return activeOf(jobId);
    },

    async stopCallers(id) {
      return connection
        .all("SELECT at, reason FROM stop_caller WHERE execution_id = $id ORDER BY sequence", { id })
        .map((row) => ({ at: row.integer("at"), reason: row.json<StopReason>("reason") }));
    },

    async executions(jobId, page, limit) {
      const rows = connection.all(
        `${selectExecution} WHERE job_id = $jobId ORDER BY sequence DESC LIMIT $limit OFFSET $offset`,
        { jobId, limit, offset: page * limit },
      );
      const count = connection.first("SELECT count(*) AS n FROM execution WHERE job_id = $jobId", { jobId });
      return { executions: toExecutions(rows), total: count?.integer("n") ?? 0 };
    },
  };
}

export function activeExecutions(connection: Connection): Execution[] {
  return toExecutions(connection.all(`${selectExecution} WHERE ${active} ORDER BY sequence`));
}

function insert(
  connection: Connection,
  { id, poolId, jobId, jobName, mode, queuedAt, plan }: Execution,
): void {
  const refusals = {
    operation: "queue an execution",
    taken: { message: `there is an execution with the id ${id} already`, next: "use another id" },
    gone: {
      message: `job ${jobId} does not exist`,
      attribute: "jobId",
      next: "use the id of an existing job",
    },
  };
  explain(refusals, () =>
    connection.run(
      `INSERT INTO execution (id, pool_id, job_id, job_name, data_source_id, mode, status, queued_at)
       VALUES ($id, $poolId, $jobId, $jobName, $dataSourceId, $mode, 'QUEUED', $queuedAt)`,
      { id, poolId, jobId, jobName, dataSourceId: plan.dataSource?.id ?? null, mode, queuedAt },
    ),
  );
  connection.run("INSERT INTO run_plan (execution_id, plan) VALUES ($id, $plan)", {
    id,
    plan: JSON.stringify(plan),
  });
}

/** What never started is over at once: no statement of it was ever sent, which is the proof. */
function stopQueued(connection: Connection, id: string, reason: StopReason, at: number): boolean {
  const status = statusAfterStop(reason);
  const changes = connection.run(
    `UPDATE execution SET status = $status, ended_at = $at, failure = $failure,
       stop_requested_at = $at, stop_reason = $reason, stop_callers = 1,
       proof_level = 'source idle', proof_at = $at, proof_note = 'it never started: no statement of it was sent'
     WHERE id = $id AND status = 'QUEUED'`,
    {
      id,
      status,
      at,
      failure: status === "FAIL" ? storable(describeStop(reason)) : null,
      reason: JSON.stringify(reason),
    },
  );
  return changes === 1;
}

/** The first asker decides the reason. */
function stopRunning(connection: Connection, id: string, reason: StopReason, at: number): boolean {
  const changes = connection.run(
    `UPDATE execution SET stop_requested_at = coalesce(stop_requested_at, $at),
       stop_reason = coalesce(stop_reason, $reason), stop_callers = stop_callers + 1
     WHERE id = $id AND status = 'RUNNING'`,
    { id, at, reason: JSON.stringify(reason) },
  );
  return changes === 1;
}

function noteCaller(connection: Connection, id: string, reason: StopReason, at: number): void {
  connection.run("INSERT INTO stop_caller (execution_id, at, reason) VALUES ($id, $at, $reason)", {
    id,
    at,
    reason: JSON.stringify(reason),
  });
}

/** A session that is not on record would be missed by the proof, so this must not be lost in silence. */
function mustRun(changes: number, operation: string, id: string): void {
  if (changes === 1) return;
  throw new UserError("conflict", `execution ${id} is not RUNNING`, {
    operation,
    next: "send nothing to the source for it",
  });
}

function toExecutions(rows: Row[]): Execution[] {
  return rows.map(fromRow);
}

function toExecution(row: Row | null): Execution | null {
  return row && fromRow(row);
}

function fromRow(row: Row): Execution {
  return {
    id: row.text("id"),
    poolId: row.text("pool_id"),
    jobId: row.text("job_id"),
    jobName: row.text("job_name"),
    mode: row.word("mode"),
    status: row.word("status"),
    plan: row.json("plan"),
    queuedAt: row.integer("queued_at"),
    startedAt: row.integerOrNull("started_at"),
    endedAt: row.integerOrNull("ended_at"),
    stop: stopOf(row),
    proof: proofOf(row),
    sourceTouched: row.flag("source_touched"),
    sessions: row.json<SourceSessionId[]>("sessions"),
    failure: row.textOrNull("failure"),
  };
}

function stopOf(row: Row): Execution["stop"] {
  const requestedAt = row.integerOrNull("stop_requested_at");
  if (requestedAt === null) return null;
  return { requestedAt, reason: row.json<StopReason>("stop_reason"), callers: row.integer("stop_callers") };
}

function proofOf(row: Row): Execution["proof"] {
  const at = row.integerOrNull("proof_at");
  return at === null ? null : { level: row.word("proof_level"), at, note: row.text("proof_note") };
}
