/** `nightdesk run`, `logs`, and the lists, against a real server with a real source. */
import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runNightdesk } from "./support/cli-run.ts";
import { openCliStage } from "./support/cli-stage.ts";
import type { CliStage } from "./support/cli-stage.ts";
import { until, waitForStatus } from "./support/nightdesk.ts";

let stage: CliStage;

beforeAll(async () => {
  stage = await openCliStage();
});
afterAll(() => stage?.close());
afterEach(async () => {
  await stage.ask("release", "--all");
  await stage.ask("stop", "--all", "--wait", "30");
});

const running = (job: keyof CliStage["jobs"]): Promise<string> =>
  waitForStatus(stage.server, stage.poolId, stage.jobs[job], "RUNNING");

test("run starts and answers 10; a second one is refused, and says what runs", async () => {
  const first = await stage.ask("run", "Finance documents", "--mode", "full");
  expect(first).toMatchObject({ code: 10, stderr: "" });
  expect(first.lines.at(-1)).toBe("CODE 10 REASON STARTED");
  const [executionId = "?"] = /[0-9a-f-]{36}/.exec(first.stdout) ?? [];
  const second = await stage.ask("execute", stage.jobs["Finance documents"]);
  expect(second.code).toBe(10);
  expect(second.lines.at(-1)).toMatch(
    new RegExp(`^CODE 10 REASON NOT STARTED: .*${executionId} of it is (RUNNING|QUEUED)`),
  );
});

test("a held job is not started: 8, with who holds it, why and until when", async () => {
  await stage.ask("hold", "Order to cash", "--until", "+2h", "--reason", "patch night");
  const refused = await stage.ask("run", "Order to cash");
  expect(refused).toMatchObject({ code: 8, lines: expect.arrayContaining(["NIGHTDESK FAILED"]) });
  expect(refused.lines.at(-1)).toMatch(
    /^CODE 8 REASON NOT STARTED: .* is held until \S+, by key "admin" .*: patch night/,
  );
  expect(await stage.status("Order to cash")).not.toBe("QUEUED");
});

test("run --wait: 0 for SUCCESS, 8 for FAIL and why, 8 for CANCEL", async () => {
  const success = await stage.ask("run", "Order to cash", "--wait", "--mode", "full");
  expect(success).toMatchObject({ code: 0, lines: expect.arrayContaining(["NIGHTDESK CLEAR"]) });
  expect(success.lines[1]).toMatch(
    /^ {2}"Order to cash" SUCCESS, started .* UTC, 100 rows, execution [0-9a-f-]{36}$/,
  );
  const failed = await stage.ask("run", "Broken", "--wait");
  expect(failed).toMatchObject({ code: 8, lines: expect.arrayContaining(["NIGHTDESK FAILED"]) });
  expect(failed.lines.at(-1)).toMatch(/^CODE 8 REASON FAIL: .*NOT_THERE.* NEXT nightdesk receipt/);
  const [cancelled] = await Promise.all([
    stage.ask("run", "Finance documents", "--wait", "--mode", "full"),
    running("Finance documents").then(() => stage.ask("stop", "Finance documents", "--wait", "30")),
  ]);
  expect(cancelled).toMatchObject({ code: 8, lines: expect.arrayContaining(["NIGHTDESK FAILED"]) });
  expect(cancelled.lines.at(-1)).toContain("REASON CANCEL");
});

test("progress: plain lines when piped, one bar on a terminal, nothing of it on standard output", async () => {
  let shown = "";
  const interrupt = new AbortController();
  const terminal = {
    isTTY: true,
    write: (text: string) => {
      shown += text;
      if (/[1-9]\d* rows of about/.test(text)) interrupt.abort();
    },
  };
  const context = { env: stage.env, stderr: terminal, signal: interrupt.signal };
  const bar = await runNightdesk(["run", "Finance documents", "--wait", "--mode", "full"], context);
  expect(bar.code).toBe(10);
  expect(bar.lines.at(-1)).toMatch(
    /^CODE 10 REASON interrupted; the run goes on NEXT nightdesk logs --execution/,
  );
  expect(shown).toMatch(/\r\[#*\.+\] RUNNING, \d+ rows of about \d+ \(\d+ %\), \d+ s/);
  expect(shown).not.toContain("\n");
  expect(shown.endsWith("\r\u001b[K")).toBe(true);
  expect(await stage.status("Finance documents")).toBe("RUNNING");
  await stage.ask("stop", "Finance documents", "--wait", "30");

  const piped = await stage.ask("run", "Order to cash", "--wait");
  expect(piped.lines[0]).toBe("NIGHTDESK CLEAR");
  const lines = piped.stderr.split("\n").slice(0, -1);
  expect(lines.filter((line) => !/^\d{4}-.* UTC "Order to cash" [A-Z]+, \d+ rows/.test(line))).toEqual([]);
});

test("what cannot be started: an unknown job, an unknown mode, a key that may only look", async () => {
  expect(await stage.ask("run", "Nobody")).toMatchObject({
    code: 50,
    stdout: expect.stringContaining('"Broken"'),
  });
  expect((await stage.ask("run", "Broken", "--mode", "everything")).code).toBe(50);
  const { key } = await stage.server.ok("POST", "/desk/v1/keys", {
    name: "looks",
    grants: [{ poolId: stage.poolId, verbs: ["view"] }],
  });
  const env = { ...stage.env, NIGHTDESK_KEY: key as string };
  expect((await runNightdesk(["run", "Order to cash"], { env })).code).toBe(30);
  expect((await runNightdesk(["connections", "test"], { env })).code).toBe(30);
});

test("logs: oldest first, of the latest execution or a named one; followed to the end", async () => {
  await stage.ask("run", "Order to cash", "--wait");
  const whole = await stage.ask("logs", "Order to cash");
  expect(whole.code).toBe(0);
  expect(whole.lines.at(-1)).toMatch(/^CODE 0 REASON \d+ lines, execution [0-9a-f-]{36} SUCCESS$/);
  const times = whole.lines
    .slice(0, -1)
    .map((line) => /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC [A-Z]+ /.exec(line)?.[1]);
  expect(times.length).toBeGreaterThan(1);
  expect(times).toEqual(times.toSorted((a, b) => String(a).localeCompare(String(b))));
  const errors = await stage.ask("logs", "Order to cash", "--level", "error");
  expect(errors.lines).toHaveLength(1);

  await stage.ask("run", "Finance documents", "--mode", "full");
  await running("Finance documents");
  const [followed] = await Promise.all([
    stage.ask("logs", "Finance documents", "--follow"),
    until(async () => ((await stage.status("Finance documents")) === "RUNNING" ? true : null)).then(() =>
      stage.ask("stop", "Finance documents", "--wait", "30"),
    ),
  ]);
  expect(followed.code).toBe(0);
  expect(followed.lines.at(-1)).toMatch(/CANCEL$/);
  const [executionId = ""] = /[0-9a-f-]{36}/.exec(followed.lines.at(-1) ?? "") ?? [];
  const again = await stage.ask("logs", "--execution", executionId);
  expect(again.lines.slice(0, -1)).toEqual(followed.lines.slice(0, -1));
  expect((await stage.ask("logs", "Order to cash", "--execution", executionId)).code).toBe(50);
  expect((await stage.ask("logs")).code).toBe(50);
  expect((await stage.ask("logs", "--execution", "99999999-3a52-4f0e-9a57-2f4f3c1f0a01")).code).toBe(30);
  expect((await stage.ask("logs", "Order to cash", "--level", "loud")).code).toBe(50);
});

test("jobs, pools, connections, and a test of each connection", async () => {
  const jobs = await stage.ask("jobs");
  expect(jobs).toMatchObject({
    code: 0,
    lines: expect.arrayContaining(["NIGHTDESK JOBS", "CODE 0 REASON 3 jobs"]),
  });
  expect(jobs.stdout).toContain(`connection "ECC, throttled", id ${stage.jobs["Finance documents"]}`);
  expect((await stage.ask("pools")).lines).toContainEqual(expect.stringContaining(`, id ${stage.poolId}`));
  expect((await stage.ask("connections")).lines).toContain(
    `  "ECC, throttled", POSTGRESQL, id ${stage.slowId}`,
  );

  const works = await stage.ask("connections", "test", "ECC");
  expect(works).toMatchObject({
    code: 0,
    lines: ["NIGHTDESK REACHABLE", '  "ECC" reachable', "CODE 0 REASON 1 of 1 connection reachable"],
  });
  const { host, port, database, user } = stage.source;
  const { id } = await stage.server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "Old ECC",
    poolId: stage.poolId,
    configuration: { host, port, database, user, password: "CANARY-wrong", ssl: { mode: "disable" } },
  });
  const mixed = await stage.ask("connections", "test");
  expect(mixed.code).toBe(8);
  expect(mixed.lines).toContainEqual(expect.stringMatching(/^ {2}"Old ECC" not reachable: ./));
  expect(mixed.lines.at(-1)).toBe("CODE 8 REASON 2 of 3 connections reachable");
  expect(mixed.stdout).not.toContain("CANARY");
  expect((await stage.ask("connections", "test", "Nowhere")).code).toBe(50);
  await stage.server.ok("DELETE", `/integration/api/pools/${stage.poolId}/data-sources/${id as string}`);
});

test("logs --follow bears a connection that is lost for a moment, and not one that stays lost", async () => {
  await stage.ask("run", "Finance documents", "--mode", "full");
  await running("Finance documents");
  let cut: "no" | "for a moment" | "for good" = "no";
  let cuts = 0;
  const { hostname, port } = new URL(stage.server.url);
  const proxy = createServer((incoming, outgoing) => {
    if ((cut === "for a moment" && cuts < 3) || cut === "for good") {
      cuts += 1;
      incoming.socket.destroy();
      return;
    }
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  let shown = "";
  const stdout = { write: (text: string) => (shown += text) };
  const follow = (): ReturnType<typeof runNightdesk> => {
    shown = "";
    return runNightdesk(["logs", "Finance documents", "--follow"], {
      env: { ...stage.env, NIGHTDESK_URL: url },
      stdout,
    });
  };
  const lost = follow();
  await until(async () => (shown.includes("UTC INFO") ? true : null));
  cut = "for good";
  expect((await lost).code).toBe(40);
  cut = "no";
  const passing = follow();
  await until(async () => (shown.includes("UTC INFO") ? true : null));
  [cut, cuts] = ["for a moment", 0];
  await until(async () => (cuts === 3 ? true : null));
  await stage.ask("stop", "Finance documents", "--wait", "30");
  expect((await passing).code).toBe(0);
  expect(shown).toMatch(/CANCEL\n$/);
  const lines = shown.split("\n").slice(0, -2);
  const whole = await stage.ask("logs", "Finance documents");
  expect(lines).toEqual(whole.lines.slice(0, -1));
  await new Promise((closed) => proxy.close(closed));
});

/** A platform of the wire that is no Nightdesk: it does not say what it started, and its words are its own. */
test("another platform: its word is 4, a word that nobody knows is no end, and a lost connection is 20", async () => {
  const [jobId, executionId] = [
    "10000000-0000-4000-8000-000000000002",
    "aaaaaaaa-0000-4000-8000-000000000002",
  ];
  let started = false;
  let looks = 0;
  let cut = false;
  const words = ["RUNNING", "FINALIZING", "success", "SUCCESS"];
  const answer = ({ method, url = "" }: IncomingMessage): unknown => {
    const job = {
      id: jobId,
      name: "Finance",
      status: null,
      currentExecutionId: started ? executionId : null,
    };
    if (method === "POST" && url.endsWith("/execute")) return (started = true);
    if (url.endsWith("/jobs")) return [{ ...job, currentExecutionId: null }];
    if (url.endsWith(jobId)) return job;
    if (url.endsWith("/logs/status")) return [{ id: jobId, status: null, lastExecutionStartDate: null }];
    if (/type=STEP/.test(url)) return [];
    if (/logs\/executions\?/.test(url))
      return [
        {
          id: "i",
          type: "JOB",
          name: "Finance",
          status: words[Math.min(looks++, 3)],
          startDate: 1,
          endDate: null,
        },
      ];
    return undefined;
  };
  const server = createServer((incoming, response) => {
    incoming.resume();
    if (cut && (incoming.url ?? "").includes("type=JOB")) return void incoming.socket.destroy();
    const body = answer(incoming);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(body === true ? "" : JSON.stringify(body ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const env = { NIGHTDESK_URL: url, NIGHTDESK_POOL: stage.poolId, NIGHTDESK_KEY: "CANARY-key" };
  const waited = await runNightdesk(["run", "Finance", "--wait"], { env });
  expect([waited.code, looks]).toEqual([4, 4]);
  expect(waited.lines[0]).toBe("NIGHTDESK REPORTED CLEAR");
  expect(waited.stdout).toContain(executionId);
  cut = true;
  const lost = await runNightdesk(["run", "Finance", "--wait"], { env });
  expect(lost).toMatchObject({ code: 20, lines: expect.arrayContaining(["NIGHTDESK UNKNOWN"]) });
  expect(lost.lines.at(-1)).toMatch(/^CODE 20 REASON started, and how it goes on is not known/);
  await new Promise((closed) => server.close(closed));
});
