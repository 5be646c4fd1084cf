/** A key for named jobs, asked about the pool: every door says that the answer is of these jobs, and none of the pool. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DeskStatus } from "../src/contract/index.ts";
import { createClient } from "../src/sdk/index.ts";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import {
  makeExtractionJob,
  makePool,
  readingSessions,
  startTestServer,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { askText, execute, last, makeSmallTables, said, sleeping } from "./support/text-answer.ts";

const ofThese = "only of the 1 job that the key is for: other jobs of the pool were not seen";

let source: TestDatabase;
let upstream: TestServer;
let relay: TestServer;
let poolId: string;
let finance: { jobId: string; path: string };
/** Not for the key; it runs. */
let orders: { jobId: string; path: string };
let namedJobs: string;

beforeAll(async () => {
  source = await createDatabase();
  await makeSmallTables(source);
  upstream = await startTestServer();
  relay = await startTestServer();
  const made = await makePool(upstream, source);
  ({ poolId } = made);
  finance = await makeExtractionJob(upstream, made, "Finance", ["LIKP"]);
  orders = await makeExtractionJob(upstream, made, "Orders", [sleeping]);
  namedJobs = await keyFor(finance.jobId);
  await execute(upstream, orders);
  await readingSessions(source);
});
afterAll(async () => {
  await relay?.stop();
  await upstream?.stop();
  await source?.end();
});

async function keyFor(...jobs: string[]): Promise<string> {
  const order = { name: "night", grants: [{ poolId, verbs: ["view", "cancel", "execute"] }], jobs };
  return (await upstream.ok("POST", "/desk/v1/keys", order)).key as string;
}

const asked = (server: TestServer, key: string, ...argv: string[]): Promise<CliRun> =>
  runNightdesk(argv, { env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: poolId, NIGHTDESK_KEY: key } });

test("the command: CLEAR of the jobs that the key is for, while another one of the pool runs", async () => {
  const seen = await asked(upstream, namedJobs, "status");
  expect(seen.lines).toEqual([
    "NIGHTDESK CLEAR",
    '  "Finance" never ran',
    `CODE 0 REASON 0 of 1 job run or wait to run; ${ofThese}`,
  ]);
  expect((await asked(upstream, upstream.adminKey, "status")).lines.at(-1)).toBe(
    "CODE 10 REASON 1 of 2 jobs RUNNING or QUEUED",
  );
  const json = async (key: string, ...argv: string[]): Promise<unknown> =>
    JSON.parse((await asked(upstream, key, ...argv, "--json")).stdout).partial;
  expect(await json(namedJobs, "status")).toBe(true);
  expect(await json(namedJobs, "status", "Finance")).toBeUndefined();
  expect(await json(upstream.adminKey, "status")).toBeUndefined();
  expect((await asked(upstream, namedJobs, "status", "Finance")).lines.at(-1)).toBe(
    "CODE 0 REASON never ran",
  );
});

test("a stop of everything stops what the key sees, and claims no more", async () => {
  const stop = await asked(upstream, namedJobs, "stop", "--all");
  expect([stop.code, stop.lines.at(-1)]).toEqual([0, `CODE 0 REASON WAS NOT RUNNING; ${ofThese}`]);
  expect((await asked(upstream, upstream.adminKey, "status", "Orders")).code).toBe(10);
});

test("as text the pool is refused to it, and so is a go in any form: a source is more than its jobs", async () => {
  const refused = await askText(upstream, "GET", `/desk/status.txt?pool=${poolId}`, { key: namedJobs });
  expect(said(refused)).toEqual([403, "NIGHTDESK DENIED", "30"]);
  expect(last(refused)).toContain("named data jobs");
  const one = await askText(upstream, "GET", "/desk/status.txt?job=Finance", { key: namedJobs });
  expect([...said(one), last(one)]).toEqual([200, "NIGHTDESK CLEAR", "0", "CODE 0 REASON never ran"]);
  expect((await askText(upstream, "GET", "/desk/go.txt", { key: namedJobs })).code).toBe("30");
  for (const argv of [["go"], ["go", "--connection", "ECC"]])
    expect((await asked(upstream, namedJobs, ...argv)).lines[0]).toBe("NIGHTDESK DENIED");
});

test("a relay with such a key of another desk hands on that it does not see the pool", async () => {
  await relay.ok("POST", "/desk/v1/teams", {
    name: "The other desk",
    url: upstream.url,
    credentials: { scheme: "Bearer", key: namedJobs },
    pools: [poolId],
  });
  const whole = { name: "whole pool", grants: [{ poolId, verbs: ["view", "cancel"] }] };
  const { key } = await relay.ok("POST", "/desk/v1/keys", whole);
  const text = await askText(relay, "GET", "/desk/status.txt", { key });
  // In the place of a person who reads, a script goes by word and code: of the pool it is not known.
  expect(said(text)).toEqual([503, "NIGHTDESK UNKNOWN", "20"]);
  expect(last(text)).toContain(
    `REASON 0 of 1 job run or wait to run; ${ofThese} NEXT ask about one of these jobs`,
  );
  const stop = await askText(relay, "POST", "/desk/stop.txt?all=true&wait=5", { key });
  expect(said(stop)).toEqual([202, "NIGHTDESK UNKNOWN", "20"]);
  expect(last(stop)).toContain(`REASON WAS NOT RUNNING; ${ofThese} NEXT ask about one of these jobs`);
  expect(said(await askText(relay, "GET", "/desk/status.txt?job=Finance", { key }))[2]).toBe("0");
  expect((await asked(relay, key, "status")).lines.at(-1)).toBe(
    `CODE 0 REASON 0 of 1 job run or wait to run; ${ofThese}`,
  );
  expect((await asked(relay, key, "stop", "--all")).lines.at(-1)).toBe(
    `CODE 0 REASON WAS NOT RUNNING; ${ofThese}`,
  );
  const events = await relay.call("GET", `/desk/v1/pools/${poolId}/events?for=0`, { key });
  expect(JSON.parse(events.text.slice("data: ".length))).toMatchObject({
    partial: true,
    verdict: { word: "CLEAR", reason: expect.stringContaining(ofThese) },
  });
  // The team refuses that to the relay, which is no answer: never CLEAR.
  expect((await asked(relay, key, "go")).code).toBe(20);
  const client = createClient({ url: relay.url, key, fetch });
  const status: DeskStatus = await client.desk.status(poolId);
  expect([status.partial, status.jobs.map(({ name }) => name)]).toEqual([true, ["Finance"]]);
});

test("a key whose jobs are gone sees nothing, and that is not CLEAR", async () => {
  const connection = (await upstream.ok("GET", `/integration/api/pools/${poolId}/data-sources`))[0]
    .id as string;
  const made = { poolId, dataSourceId: connection };
  const gone = await makeExtractionJob(upstream, made, "Gone", ["LIKP"]);
  const key = await keyFor(gone.jobId);
  expect((await asked(upstream, key, "status")).code).toBe(0);
  await upstream.ok("DELETE", gone.path);
  for (const argv of [["status"], ["stop", "--all"]]) {
    const none = await asked(upstream, key, ...argv);
    expect([none.lines[0], none.lines.at(-1)]).toEqual([
      "NIGHTDESK UNKNOWN",
      expect.stringContaining("none of the jobs that the key is for is in the pool any more"),
    ]);
  }
});
