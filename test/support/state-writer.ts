/**
 * Runs executions of one job to their end until it is killed, and acknowledges each step after the store
 * did, by one line in a file outside of it: `queued|running|stopping|over ID`.
 * Arguments: database, file of acknowledgements, job id.
 */
import { appendFileSync } from "node:fs";
import { newId } from "../../src/base/ids.ts";
import { openStateStore } from "../../src/state/index.ts";

const [file = "", acknowledgements = "", jobId = ""] = process.argv.slice(2);
const store = await openStateStore(file);
const job = await store.job(jobId);
if (job === null) throw new Error("the job is not there");
const acknowledge = (what: string, id: string): void => appendFileSync(acknowledgements, `${what} ${id}\n`);

process.stdout.write("writing\n");
for (;;) {
  const id = newId();
  const { poolId, name: jobName } = job;
  await store.enqueue({
    id,
    poolId,
    jobId,
    jobName,
    mode: "FULL",
    status: "QUEUED",
    plan: { executionId: id, poolId, jobId, jobName, mode: "FULL", dataSource: null, tasks: [] },
    queuedAt: Date.now(),
    startedAt: null,
    endedAt: null,
    stop: null,
    proof: null,
    sourceTouched: false,
    sessions: [],
    failure: null,
  });
  acknowledge("queued", id);
  await store.claimNext(1, Date.now());
  acknowledge("running", id);
  await store.appendLog([
    { executionId: id, itemId: id, level: "INFO", at: Date.now(), message: "m", code: null, parameters: [] },
  ]);
  await store.requestStop(
    id,
    { by: "operator", keyName: "night", channel: "wire", because: null },
    Date.now(),
  );
  acknowledge("stopping", id);
  const proof = { level: "source idle", at: Date.now(), note: "none" } as const;
  await store.finish(id, "CANCEL", { at: Date.now(), proof, failure: null });
  acknowledge("over", id);
}
