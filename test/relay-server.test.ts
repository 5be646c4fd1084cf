/** Keys of ours before a team far away that is honest, breaks or lies: over the wire, as plain text, by the command. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { cut, html, idle, running } from "./support/desk-cases.ts";
import type { TestServer } from "./support/nightdesk.ts";
import {
  desk,
  finance,
  line,
  openRelayStage,
  pool,
  startRelayServer,
  type RelayStage,
} from "./support/relay-stage.ts";
import {
  scriptedKey,
  scriptedPool,
  type Exchange,
  type Script,
  type ScriptedTeam,
} from "./support/scripted-team.ts";
import { last } from "./support/text-answer.ts";

let server: TestServer;
let stage: RelayStage;
let team: ScriptedTeam;

beforeAll(async () => {
  server = await startRelayServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = await openRelayStage(server);
  ({ team } = stage);
});
afterEach(() => stage.close());

test("the blog's two lines, with a key of ours: status with its age, cancel with an empty 200", async () => {
  const before = await stage.byKey("GET", `/integration//api/pools/${scriptedPool}/logs/status`);
  expect(before.json).toEqual([
    { id: idle().id, status: "SUCCESS", lastExecutionStartDate: idle().startedAt },
    { id: running().id, status: "RUNNING", lastExecutionStartDate: running().startedAt },
  ]);
  expect(Number(before.headers.get("x-nightdesk-age-ms"))).toBeLessThanOrEqual(2000);
  expect(before.headers.get("age")).toMatch(/^[012]$/);
  expect(before.headers.get("x-nightdesk-team")).toBe(stage.teamId);
  const cancel = await stage.byKey("POST", `${finance}/cancel`);
  expect([cancel.status, cancel.text, cancel.headers.get("x-nightdesk-code")]).toEqual([200, "", "4"]);
  expect(stage.changes()).toEqual([`POST ${finance}/cancel`]);
  const after = await stage.byKey("GET", `${pool}/logs/status`);
  expect(after.json[1].status).toBe("CANCEL");
  expect((await stage.byKey("GET", finance)).json).toMatchObject({
    status: "CANCEL",
    currentExecutionId: null,
  });
  expect((await stage.byKey("GET", `${pool}/jobs`)).json).toHaveLength(2);
  // Told to cancel what does not run, nothing is sent.
  expect((await stage.byKey("POST", `${finance}/cancel`)).headers.get("x-nightdesk-code")).toBe("4");
  expect(stage.changes()).toHaveLength(1);
});

test("text endpoints and the command: reported clear is the best word of such a team, whatever this server proves", async () => {
  expect((await stage.text("GET", `/desk/status.txt?pool=${scriptedPool}`)).code).toBe("10");
  expect((await stage.cli("status")).code).toBe(10);
  const stopped = await stage.stopText(20);
  expect([stopped.status, stopped.lines[0], last(stopped).slice(0, 22)]).toEqual([
    200,
    "NIGHTDESK REPORTED CLEAR",
    "CODE 4 REASON STOPPED ",
  ]);
  expect((await stage.text("GET", `/desk/status.txt`)).code).toBe("4");
  expect((await stage.text("GET", `/desk/go.txt`)).code).toBe("4");
  expect((await stage.cli("status")).code).toBe(4);
  expect(await stage.cli("go")).toMatchObject({ code: 4 });
  team.jobs[1] = { ...running(), executionId: newId() };
  const byCommand = await stage.cli("stop", "Finance documents", "--wait", "20");
  expect([byCommand.code, byCommand.lines[0]]).toEqual([4, "NIGHTDESK REPORTED CLEAR"]);
  expect((await stage.byKey("GET", "/desk/v1/about")).json.proof).toBe("per pool");
  expect((await stage.byKey("GET", `${desk}/status`)).json).toMatchObject({
    proof: "word",
    poolName: "SAP ECC far away",
  });
});

const accepted = ({ response }: Exchange): void => void response.writeHead(200).end();
/** Accepts, and gives the job this word. */
const turning =
  (status: string) =>
  (exchange: Exchange): void => {
    if (exchange.job !== undefined) exchange.job.status = status;
    accepted(exchange);
  };
/** Answers the cancel so, and every read after it so. */
const then =
  (cancel: (exchange: Exchange) => void, reads: (exchange: Exchange) => void) =>
  (exchange: Exchange): void => {
    team.script.jobs = team.script.status = reads;
    cancel(exchange);
  };
const refused = ({ json }: Exchange): void => json({ error: `Unauthorized ${scriptedKey}` }, 401);

const lies: Record<string, Script> = {
  "200 to cancel, and it keeps RUNNING": { cancel: accepted },
  "CANCEL while its log grows": {
    log: ({ honest }) => {
      team.log?.unshift(line("STILL EXTRACTING"));
      honest();
    },
  },
  "a log that cannot be read": { log: html },
  "no answer to cancel for 90 s": { cancel: () => undefined },
  "cut after accept, and it keeps RUNNING": { cancel: cut },
  "401 in the middle": { cancel: then(({ honest }) => honest(), refused) },
  "an HTML login page with 200 to everything": { cancel: then(html, html) },
  "a status word that is not known": { cancel: turning("CANCELLING") },
  "queued instead of running, for ever": { cancel: turning("QUEUED") },
  "500 to cancel": { cancel: ({ json }) => json({ detail: `fault ${scriptedKey}` }, 500) },
  "a redirect to elsewhere": {
    cancel: ({ response }) => void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
  },
};

test.each(Object.entries(lies))("%s: never 0 or 4, and one cancel alone was sent", async (_, script) => {
  Object.assign(team.script, script);
  const early = await stage.stopText(1);
  expect(["10", "20"]).toContain(early.code);
  expect([202, 503]).toContain(early.status);
  expect(stage.changes()).toHaveLength(1);
  const again = await stage.text("GET", `/desk/status.txt?pool=${scriptedPool}`);
  expect(["10", "20"]).toContain(again.code);
  const wire = await stage.byKey("GET", `${pool}/logs/status`);
  expect(wire.status === 200 ? wire.json[1].status : wire.status).not.toBe("SUCCESS");
  const command = await stage.cli("stop", running().id, "--wait", "0.5");
  expect(command.code).toBe(20);
});

test("a stop without a clear answer is UNKNOWN at once; one that was taken is RUNNING within its time", async () => {
  team.script.cancel = cut;
  expect((await stage.stopText(1)).code).toBe("20");
  team.script.cancel = accepted;
  const taken = await stage.stopText(1);
  expect([taken.status, taken.code]).toEqual([202, "10"]);
  expect(taken.lines[1]).toMatch(
    /stop asked for \d+ s ago, proof so far: requested, the team still says RUNNING/,
  );
});

test("cut after accept, but it took effect: looking finds it, 4", async () => {
  team.script.cancel = (exchange) => {
    if (exchange.job !== undefined) exchange.job.status = "CANCEL";
    cut(exchange);
  };
  expect((await stage.stopText(20)).code).toBe("4");
});

test("a newer execution in between is left alone: 10, and says so", async () => {
  team.script.cancel = ({ job, honest }) => {
    honest();
    Object.assign(job ?? {}, { status: "RUNNING", executionId: "aaaaaaaa-0000-4000-8000-00000000000b" });
  };
  const answer = await stage.stopText(20);
  expect(answer.code).toBe("10");
  expect(last(answer)).toContain("newer execution aaaaaaaa-0000-4000-8000-00000000000b RUNNING; left alone");
  expect(stage.changes()).toHaveLength(1);
  // Of the one that was named nothing runs, and nothing more is sent.
  const named = await stage.stopText(1, `&execution=${running().executionId ?? ""}`);
  expect([named.code, stage.changes().length]).toEqual(["10", 1]);
});

test("FINISHED during the stop: 4, and not called stopped", async () => {
  team.script.cancel = turning("SUCCESS");
  const answer = await stage.stopText(20);
  expect(answer.code).toBe("4");
  expect(last(answer)).toContain("FINISHED BY ITSELF");
});

test("the limit of a stop is counted from the first request, also by who asks anew", async () => {
  team.script.cancel = accepted;
  await stage.stopText(1);
  const first = (await stage.byKey("GET", `${desk}/status`)).json.jobs[1].stopping;
  await stage.stopText(1);
  const second = (await stage.byKey("GET", `${desk}/status`)).json.jobs[1].stopping;
  expect(second.requestedAt).toBe(first.requestedAt);
  expect(first.level).toBe("requested");
});

test("five stops at once, and many who look: each look of theirs is shared", async () => {
  let [going, most] = [0, 0];
  team.script.status = async ({ honest }) => {
    going += 1;
    most = Math.max(most, going);
    await new Promise((resolve) => setTimeout(resolve, 200));
    going -= 1;
    honest();
  };
  const looks = await Promise.all(
    Array.from({ length: 20 }, () => stage.byKey("GET", `${pool}/logs/status`)),
  );
  expect(looks.every(({ status }) => status === 200)).toBe(true);
  const reads = team.requests.filter(({ line: asked }) => asked.endsWith("/logs/status")).length;
  expect([most, reads < 20]).toEqual([1, true]);
  delete team.script.status;
  const answers = await Promise.all(Array.from({ length: 5 }, () => stage.stopText(20)));
  expect(answers.map(({ code }) => code)).toEqual(["4", "4", "4", "4", "4"]);
  expect(team.jobs[1]!.status).toBe("CANCEL");
});

test("the desk API: stop, stop of the pool, go, and what became of it", async () => {
  const status = await stage.byKey("GET", `${desk}/status`);
  expect(status.json.jobs[1]).toMatchObject({ name: "Finance documents", status: "RUNNING", stopping: null });
  const stopped = await stage.byKey("POST", `${desk}/jobs/${running().id}/stop?wait=20`);
  expect(stopped.json).toEqual({
    outcome: "STOPPED",
    executionId: running().executionId,
    activeExecutionId: null,
    proof: null,
  });
  team.jobs[0] = { ...running(), id: idle().id, name: "Order to cash", executionId: newId() };
  const both = await stage.byKey("POST", `${desk}/stop?wait=20`);
  expect(both.json.stops).toMatchObject([{ jobId: idle().id, outcome: "STOPPED" }]);
  expect((await stage.byKey("GET", `${desk}/go`)).json).toMatchObject({
    proof: "word",
    next: [],
    sources: [],
  });
  const audit = await server.ok("GET", "/desk/v1/audit?limit=1000");
  const done = audit.records.filter(
    (one: { phase: string; deed: string }) => one.phase === "done" && one.deed === "stop",
  );
  expect(done.at(-2)).toMatchObject({ outcome: "STOPPED", executions: [running().executionId], status: 200 });
});

test("a team that is not there, or refuses the relay: 20 as text, an error on the wire, and nobody is told to get another key", async () => {
  team.script.jobs = team.script.status = ({ json }) => json({ error: "Unauthorized" }, 401);
  const refused = await stage.text("GET", `/desk/status.txt?pool=${scriptedPool}`);
  expect([refused.status, refused.code]).toEqual([503, "20"]);
  expect(last(refused)).toContain("refuses the relay");
  const wire = await stage.byKey("GET", `${pool}/logs/status`);
  expect([wire.status, wire.json.errorCode]).toEqual([502, "RELAY_UNCLEAR_ANSWER"]);
  expect((await stage.cli("status")).code).toBe(20);
  await team.close();
  const gone = await stage.text("GET", `/desk/status.txt?pool=${scriptedPool}`);
  expect([gone.status, gone.code]).toEqual([503, "20"]);
  expect((await stage.byKey("GET", `${pool}/logs/status`)).status).toBe(504);
  expect((await stage.byKey("POST", `${finance}/cancel`)).status).toBe(503);
});

test("a read is tried again where that is harmless; a cancel never is", async () => {
  let busy = 2;
  team.script.status = ({ json, honest }) => (busy-- > 0 ? json({ title: "busy" }, 503) : honest());
  expect((await stage.byKey("GET", `${pool}/logs/status`)).status).toBe(200);
  team.script.cancel = ({ json }) => json({ title: "busy" }, 503);
  expect((await stage.stopText(1)).code).toBe("20");
  expect(stage.changes()).toHaveLength(1);
});

test("the sealed key is in no file of the home", async () => {
  const state = await readFile(join(server.home, "state.db"));
  expect(state.includes(scriptedKey)).toBe(false);
  expect(state.includes(scriptedPool)).toBe(true);
});
