import { failpoint } from "../base/failpoint.ts";
import type { TableExtraction } from "../model/definitions.ts";
import { FatalSourceError, UserError, isNightdeskError } from "../model/errors.ts";
import { sourceTag, type PlannedTask } from "../model/execution.ts";
import type { StagingTable, StagingTarget } from "../model/pool-store.ts";
import type { SourceSession, TableRead } from "../model/source.ts";
import { chooseLoad } from "./choose-load.ts";
import { messages, tableFailure } from "./log.ts";
import { tableRecord, type Record } from "./record.ts";
import { inCommit, type Run } from "./run.ts";
import { TaskTexts } from "./variables.ts";

/** Progress is saved this often; every save is durable. */
const progressEveryMs = 1000;
/** A line of the log about progress comes this often. */
const progressLineEveryMs = 30_000;

/** A table that was read completely and waits for the swap. */
interface Staged {
  staging: StagingTable;
  record: Record;
}

/**
 * Reads all tables of an extraction into staging and swaps them in together, in one transaction. Until
 * then, and after any error or stop, the targets are as they were.
 */
export async function extractTask(run: Run, task: PlannedTask, record: Record): Promise<void> {
  const { plan, store, signal } = run;
  await record.log(messages.extractionStarts(task.name));
  if (task.tables.length === 0) {
    await record.log(messages.noTables());
    return;
  }
  const tables = await resolvedTables(run, task);
  const staged: Staged[] = [];
  try {
    const session = await openSession(run);
    try {
      const changeDate = run.clock.now();
      for (const table of tables) {
        signal.throwIfAborted();
        staged.push(await stageTable(run, task, table, session, changeDate));
      }
    } finally {
      await session.close();
      await run.events.sessionClosed();
    }
    await record.log(messages.swapping());
    await inCommit(run, (onCommit) =>
      store.swap(
        staged.map(({ staging }) => staging),
        { executionId: plan.executionId, taskId: task.id },
        () => {
          signal.throwIfAborted();
        },
        { signal, onCommit },
      ),
    );
  } catch (error) {
    if (signal.aborted) await record.log(messages.canceling(task.name));
    for (const { staging, record: step } of staged) {
      await staging.drop(error);
      await step.end(signal.aborted ? "CANCEL" : "FAIL", "discarded");
    }
    throw error;
  }
  for (const { staging, record: step } of staged) {
    await step.log(messages.tableLoaded(staging.target.table));
    await step.end("SUCCESS", "loaded");
  }
  await record.log(messages.extractionDone());
}

/** Before the source is touched: a text that cannot be resolved needs no connection to fail. */
async function resolvedTables(run: Run, task: PlannedTask): Promise<TableExtraction[]> {
  const texts = new TaskTexts(run, task);
  const tables: TableExtraction[] = [];
  for (const table of task.tables) {
    const filter = await texts.filter(table.filter);
    // A full load does not read it, so that a variable of it may still be without a value.
    const deltaFilter = run.plan.mode === "DELTA" ? await texts.filter(table.deltaFilter) : null;
    tables.push({ ...table, filter, deltaFilter });
  }
  return tables;
}

async function openSession(run: Run): Promise<SourceSession> {
  const { plan, signal } = run;
  if (plan.dataSource === null || run.password === null) {
    throw new UserError("invalid", "the job has no connection, and an extraction needs one", {
      operation: `run job "${plan.jobName}"`,
      next: "set the job's data connection",
    });
  }
  if (!run.touched) {
    await run.events.touching();
    run.touched = true;
  }
  signal.throwIfAborted();
  const { name, configuration, type } = plan.dataSource;
  let session: SourceSession;
  try {
    const access = { name, configuration, password: run.password };
    session = await run.source(type).open(access, sourceTag(plan.executionId), { signal });
  } catch (error) {
    // A login that was cut off may have come through at the source.
    if (!isNightdeskError(error) || !error.noSession) run.sessionsOpened += 1;
    throw error;
  }
  run.sessionsOpened += 1;
  await run.events.session(session.id);
  await failpoint("session.opened");
  return session;
}

async function stageTable(
  run: Run,
  task: PlannedTask,
  table: TableExtraction,
  session: SourceSession,
  changeDate: number,
): Promise<Staged> {
  const { plan, store, clock, signal } = run;
  const record = await tableRecord(run, task, table, null);
  let staging: StagingTable | null = null;
  try {
    const targetFor = ({ columns }: TableRead): StagingTarget => ({
      executionId: plan.executionId,
      schema: plan.dataSource?.id ?? plan.poolId,
      table: table.targetTableName ?? table.tableName,
      columns,
      preferredTypes: Object.fromEntries(
        table.columns.flatMap(({ columnName, preferredType }) =>
          preferredType === null ? [] : [[columnName, preferredType]],
        ),
      ),
      changeDate,
    });
    const { read, load } = await chooseLoad({ run, task, table, session, record, targetFor });
    await record.log(messages.query(read.query));
    staging = await store.stage({ ...targetFor(read), load });
    let rows = 0;
    let bytes = 0;
    let saved = clock.monotonic();
    let said = saved;
    let saidRows = 0;
    for await (const batch of session.read(read, { signal })) {
      await staging.append(batch);
      await failpoint("batch.appended");
      rows += batch.rows;
      bytes += batch.bytes;
      const now = clock.monotonic();
      if (now - saved >= progressEveryMs) {
        saved = now;
        await record.progress({ rows, bytes });
      }
      if (now - said >= progressLineEveryMs) {
        await record.log(messages.progress(table.tableName, rows - saidRows, rows));
        said = now;
        saidRows = rows;
      }
    }
    signal.throwIfAborted();
    const { rows: stored } = await staging.finish();
    await failpoint("table.staged");
    if (stored !== rows) {
      throw new FatalSourceError(`${String(rows)} rows were read and ${String(stored)} stored`, {
        operation: "stage a table",
        place: table.tableName,
        next: "nothing was changed; run the job again and report this",
      });
    }
    await record.progress({ rows, bytes });
    await record.log(
      rows === 0 ? messages.noRecords(table.tableName) : messages.tableRead(table.tableName, rows),
    );
    return { staging, record };
  } catch (error) {
    // Before the clean-up, which may hang.
    if (!signal.aborted) await record.log(tableFailure(table.tableName, error));
    await staging?.drop(error);
    await record.end(signal.aborted ? "CANCEL" : "FAIL", staging === null ? "untouched" : "discarded");
    throw error;
  }
}
