/** `run --wait --probes` before a platform that only gives its word: what the probes see when the run is over counts. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../src/base/clock.ts";
import { readProbesFile } from "../src/probes-file.ts";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { scriptedPool as pool } from "./support/scripted-team.ts";

const jobId = "10000000-0000-4000-8000-000000000002";
const executionId = "aaaaaaaa-0000-4000-8000-000000000002";

let folder: string;
let platform: Server;
/** How the run ends; what the platform says of the job once its end was told. */
let end: { status: string; after: string };
let starts: number;
let ended: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-run-probes-"));
  end = { status: "SUCCESS", after: "SUCCESS" };
  starts = 0;
  ended = false;
  platform = createServer((incoming, response) => {
    incoming.resume();
    const body = answer(incoming);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(body === true ? "" : JSON.stringify(body ?? {}));
  });
  await new Promise<void>((listening) => platform.listen(0, "127.0.0.1", listening));
});
afterEach(async () => {
  await new Promise((closed) => platform.close(closed));
  await rm(folder, { recursive: true, force: true });
});

function answer({ method, url = "" }: IncomingMessage): unknown {
  const status = starts === 0 ? "SUCCESS" : ended ? end.after : "RUNNING";
  const currentExecutionId = status === "RUNNING" ? executionId : null;
  const job = { id: jobId, name: "Finance", status, currentExecutionId };
  if (method === "POST" && url.endsWith("/execute")) return ++starts > 0;
  if (url.endsWith("/jobs")) return [job];
  if (url.endsWith(jobId)) return job;
  if (url.endsWith("/logs/status")) return [{ id: jobId, status, lastExecutionStartDate: 1 + starts }];
  if (url.includes("type=STEP")) return [];
  if (!url.includes("logs/executions?")) return undefined;
  const item = { id: "i", type: "JOB", name: "Finance", startDate: 2, endDate: null };
  ended = starts > 0;
  return [{ ...item, status: end.status }];
}

/** Its clock passes a minute in moments: a probe that goes on finding something is waited for. */
const quick = { ...systemClock, monotonic: () => performance.now() * 200 };

async function run(script: string, ...options: string[]): Promise<CliRun> {
  const file = join(folder, "probes.json");
  const look = {
    name: "extractor",
    kind: "command",
    pool,
    againAfterMs: 100,
    argv: ["/bin/sh", "-c", script],
  };
  await writeFile(file, JSON.stringify({ probes: [look] }), { mode: 0o600 });
  const url = `http://127.0.0.1:${String((platform.address() as AddressInfo).port)}`;
  const env = { NIGHTDESK_URL: url, NIGHTDESK_POOL: pool, NIGHTDESK_KEY: "CANARY-key" };
  const probes = (path: string) => readProbesFile(path, { env: { PATH: "/usr/bin:/bin" }, warn: () => {} });
  return runNightdesk(["run", "Finance", "--probes", file, ...options], { env, probes, clock: quick });
}

test.each([
  ["SUCCESS", "true", 0, "CLEAR", /^CODE 0 REASON SUCCESS \(proven by probe "extractor" at .* UTC\)$/],
  [
    "SUCCESS",
    "echo BERTA",
    10,
    "RUNNING",
    /^CODE 10 REASON SUCCESS; over says the team, but .* found BERTA NEXT /,
  ],
  ["SUCCESS", "exit 2", 4, "REPORTED CLEAR", /^CODE 4 REASON SUCCESS; probe "extractor" could not tell: /],
  ["FAIL", "true", 8, "FAILED", /^CODE 8 REASON FAIL/],
  ["FAIL", "echo BERTA", 10, "RUNNING", /^CODE 10 REASON FAIL; over says the team, but .* found BERTA/],
])("it ends as %s, and a probe that runs %j: %i %s", async (status, script, code, word, reason) => {
  end = { status, after: status };
  const answered = await run(script, "--wait");
  expect(answered.lines[0]).toBe(`NIGHTDESK ${word}`);
  expect(answered.lines.at(-1)).toMatch(reason);
  expect(answered.code).toBe(code);
  expect(starts).toBe(1);
});

test("an extractor that is a moment behind its platform is waited for", async () => {
  const seen = join(folder, "seen");
  const script = `test -e ${seen} || echo BERTA; touch ${seen}`;
  const answered = await run(script, "--wait", "--json");
  const said = JSON.parse(answered.stdout);
  expect([said.code, said.jobs[0].probes]).toEqual([
    0,
    [{ name: "extractor", clear: true, at: expect.any(Number) }],
  ]);
});

test("a job that runs again by then: no probe is looked at, and nothing is proven of the run before", async () => {
  end = { status: "SUCCESS", after: "RUNNING" };
  const looked = join(folder, "looked");
  const answered = await run(`touch ${looked}`, "--wait");
  expect(existsSync(looked)).toBe(false);
  expect(answered.lines.at(-1)).toMatch(/^CODE 4 REASON SUCCESS; no probe was looked at: RUNNING/);
});

test("without --wait they would see nothing of it, and with a wrong file nothing is started", async () => {
  const without = await run("true");
  expect([without.code, without.lines.at(-1)]).toEqual([
    50,
    expect.stringContaining("--probes goes with --wait"),
  ]);
  const wrong = await run("true", "--wait", "--probes", join(folder, "none.json"));
  expect([wrong.code, starts]).toEqual([50, 0]);
});
