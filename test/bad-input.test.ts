/** What a running server is asked to do wrongly, over real HTTP with a real source: refused, and nothing is changed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import {
  connectionTo,
  makeExtractionJob,
  makePool,
  makeTransformation,
  startTestServer,
  statusOf,
  waitForStatus,
  type Answer,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";

let source: TestDatabase;
let server: TestServer;

beforeAll(async () => {
  source = await createDatabase();
  await source.sql(`create table "BKPF" as select g as belnr from generate_series(1, 10) g; analyze`);
  server = await startTestServer();
});
afterAll(async () => {
  expect(server?.answers.filter((text) => text.includes("CANARY-"))).toEqual([]);
  expect(server?.reports).toEqual([]);
  await server?.stop();
  await source?.end();
});

interface Night {
  poolId: string;
  jobId: string;
  path: string;
  extractionId: string;
  transformationId: string;
  tableId: string;
}

async function makeNight(name: string): Promise<Night> {
  const { poolId, dataSourceId } = await makePool(server, source, name);
  const job = await makeExtractionJob(server, { poolId, dataSourceId }, name, ["BKPF"]);
  const transformationId = await makeTransformation(server, job.path, "count", "select 1");
  const [table] = await server.ok("GET", `${job.path}/extractions/${job.extractionId}/tables/`);
  return { ...job, poolId, transformationId, tableId: table.id };
}

test("a subset that names what the job does not have is refused, foreign or unknown alike, and nothing starts", async () => {
  const own = await makeNight("own");
  const foreign = await makeNight("foreign");
  const of = (transformations: string[]) => ({ executeOnlySubsetOfTransformations: true, transformations });
  const extracting = (extractions: object[]) => ({ executeOnlySubsetOfExtractions: true, extractions });
  const loading = (tables: string[]) =>
    extracting([{ extractionId: own.extractionId, loadOnlySubsetOfTables: true, tables }]);
  // Each beside one that is right, so that there would be something to run.
  const subsets: [string, (id: string) => object, string][] = [
    ["transformations", (id) => of([own.transformationId, id]), foreign.transformationId],
    ["transformations", (id) => of([own.transformationId, id]), own.extractionId],
    [
      "extractions",
      (id) => extracting([{ extractionId: own.extractionId }, { extractionId: id }]),
      foreign.extractionId,
    ],
    [
      "extractions",
      (id) => extracting([{ extractionId: own.extractionId }, { extractionId: id }]),
      own.transformationId,
    ],
    ["tables", (id) => loading([own.tableId, id]), foreign.tableId],
    ["tables", (id) => loading(["BKPF", id]), "BSEG"],
  ];
  for (const [attribute, subset, wrong] of subsets) {
    const unknown = newId();
    const ask = (id: string): Promise<Answer> =>
      server.call("POST", `${own.path}/execute`, { body: { mode: "FULL", ...subset(id) } });
    const [refused, nowhere] = [await ask(wrong), await ask(unknown)];
    expect([attribute, refused.status, refused.json]).toEqual([
      attribute,
      400,
      { errors: [expect.objectContaining({ attribute })] },
    ]);
    expect(refused.text.replaceAll(wrong, "ID")).toBe(nowhere.text.replaceAll(unknown, "ID"));
  }
  const logs = `/integration/api/pools/${own.poolId}/logs/${own.jobId}/executions`;
  expect((await server.ok("GET", logs)).executionItems).toEqual([]);
  expect(await statusOf(server, own.poolId, own.jobId)).toBeNull();
  // The same with what the job has, by id in any case and by name.
  const right = { ...of([own.transformationId.toUpperCase()]), ...loading([own.tableId.toUpperCase()]) };
  await server.ok("POST", `${own.path}/execute`, { mode: "FULL", ...right });
  expect(await waitForStatus(server, own.poolId, own.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
  expect(await statusOf(server, foreign.poolId, foreign.jobId)).toBeNull();
});

test("a changed password is the one that is used from then on", async () => {
  const { poolId, dataSourceId } = await makePool(server, source, "passwords");
  const connection = `/integration/api/datasource/POSTGRESQL/${dataSourceId}`;
  const look = (): Promise<{ reachable: boolean; message: string }> =>
    server.ok("POST", `/integration/api/pools/${poolId}/data-sources/${dataSourceId}/test`);
  const { password } = connectionTo(source);
  expect(await look()).toEqual({ reachable: true, message: "" });
  await server.ok("PUT", connection, { configuration: { password: "CANARY-wrong" } });
  expect(await look()).toEqual({ reachable: false, message: expect.stringMatching(/password.*Next: /) });
  await server.ok("PUT", connection, { configuration: { password } });
  expect(await look()).toEqual({ reachable: true, message: "" });
  // One that is not given stays.
  await server.ok("PUT", connection, { name: "Renamed", configuration: { password: null } });
  expect(await look()).toEqual({ reachable: true, message: "" });
});

test("a script whose second statement does not parse: FAIL, its place in one line, and nothing of the first", async () => {
  const night = await makeNight("script");
  const script = "create table first_one as\r\n  select 1 as x;\r\nselect x frm first_one where;\r\nselect 3";
  const taskId = await makeTransformation(server, night.path, "broken", script);
  await server.ok("POST", `${night.path}/execute`, {
    executeOnlySubsetOfTransformations: true,
    transformations: [taskId],
  });
  expect(await waitForStatus(server, night.poolId, night.jobId, "SUCCESS", "FAIL")).toBe("FAIL");
  const logs = `/integration/api/pools/${night.poolId}/logs`;
  const [last] = (await server.ok("GET", `${logs}/${night.jobId}/executions`)).executionItems;
  const detail = `${logs}/executions/detail?executionId=${last.executionId}&id=${taskId}&type=TASK`;
  const [error] = (await server.ok("GET", detail)).logMessages;
  expect(error.level).toBe("ERROR");
  expect(error.logMessage).toMatch(/statement 2, line 3, column \d+: .*syntax/i);
  expect(error.logMessage).not.toMatch(/[\r\n]/);
  const tables = await server.ok("GET", `/integration/api/pools/${night.poolId}/tables`);
  expect(tables.map(({ name }: { name: string }) => name)).not.toContain("first_one");
});
