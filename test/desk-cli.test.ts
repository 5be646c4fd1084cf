/** `nightdesk status` and `nightdesk stop` against teams that are honest or lie: over real HTTP, in real time. */
import { afterEach, expect, test } from "vitest";
import { runNightdesk } from "./support/cli-run.ts";
import type { CliRun } from "./support/cli-run.ts";
import { scriptedKey, scriptedPool, startScriptedTeam } from "./support/scripted-team.ts";
import type { Exchange, ScriptedJob, ScriptedTeam } from "./support/scripted-team.ts";

let open: ScriptedTeam[] = [];

afterEach(async () => {
  for (const { requests } of open) {
    // The key travels in the header and nowhere else.
    expect(requests.filter(({ line, body }) => (line + body).includes(scriptedKey))).toEqual([]);
  }
  await Promise.all(open.map((team) => team.close()));
  open = [];
});

const idle = (): ScriptedJob => ({
  id: "10000000-0000-4000-8000-000000000001",
  name: "Order to cash",
  status: "SUCCESS",
  executionId: "aaaaaaaa-0000-4000-8000-000000000001",
  startedAt: Date.UTC(2026, 5, 18, 10),
});

const running = (): ScriptedJob => ({
  id: "10000000-0000-4000-8000-000000000002",
  name: "Finance documents",
  status: "RUNNING",
  executionId: "aaaaaaaa-0000-4000-8000-000000000002",
  startedAt: Date.UTC(2026, 5, 18, 15),
});

async function team(options: Parameters<typeof startScriptedTeam>[0]): Promise<ScriptedTeam> {
  const started = await startScriptedTeam(options);
  open.push(started);
  return started;
}

async function ask({ url }: { url: string }, ...argv: string[]): Promise<CliRun> {
  const env = { NIGHTDESK_URL: url, NIGHTDESK_POOL: scriptedPool, NIGHTDESK_KEY: scriptedKey };
  const answer = await runNightdesk(argv, { env });
  expect(answer.stdout + answer.stderr).not.toContain(scriptedKey);
  // oxlint-disable-next-line no-control-regex
  expect(answer.stdout).toMatch(/^[\x0a\x20-\x7e]*$/);
  return answer;
}

/** For stops that come to an end. */
const stopIt = (to: { url: string }, ...more: string[]): Promise<CliRun> =>
  ask(to, "stop", "Finance documents", "--wait", "30", ...more);

/** For stops that never do. */
const stopInVain = (to: { url: string }, ...more: string[]): Promise<CliRun> =>
  ask(to, "stop", "Finance documents", "--wait", "0.7", ...more);

const cut = ({ response }: Exchange): void => void response.socket?.destroy();
const html = ({ response }: Exchange): void =>
  void response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>");
const asks = (to: ScriptedTeam, part: string): number => to.requests.filter(({ line }) => line.includes(part)).length;

test("status of a foreign team: running, queued, and never better than REPORTED CLEAR", async () => {
  const end = await team({ jobs: [idle(), running()] });
  const answer = await ask(end, "status");
  expect(answer).toMatchObject({ code: 10, stderr: "" });
  expect(answer.lines).toEqual([
    "NIGHTDESK RUNNING",
    '  "Order to cash" SUCCESS, started 2026-06-18 10:00:00 UTC',
    '  "Finance documents" RUNNING, since 2026-06-18 15:00:00 UTC, execution aaaaaaaa-0000-4000-8000-000000000002',
    "CODE 10 REASON 1 of 2 jobs RUNNING or QUEUED",
  ]);
  end.jobs[1]!.status = "QUEUED";
  expect((await ask(end, "status", "Finance documents")).code).toBe(10);
  end.jobs[1]!.status = "FAIL";
  const clear = await ask(end, "status");
  expect(clear).toMatchObject({ code: 4, lines: expect.arrayContaining(["NIGHTDESK REPORTED CLEAR"]) });
  end.jobs[1]!.status = null;
  expect((await ask(end, "status", end.jobs[1]!.id)).code).toBe(20); // a start without a status
});

test("status of a Nightdesk is CLEAR when nothing runs", async () => {
  const end = await team({ jobs: [idle(), { ...running(), status: null, executionId: null, startedAt: null }], nightdesk: true });
  const answer = await ask(end, "status");
  expect(answer.code).toBe(0);
  expect(answer.lines[0]).toBe("NIGHTDESK CLEAR");
  expect(answer.lines[2]).toBe('  "Finance documents" never ran');
  expect(asks(end, "/integration/")).toBe(0);
});

test("a stop that is not proven is RUNNING for a minute, then UNKNOWN", async () => {
  const stopping = { requestedAt: Date.now() - 5000, level: "recorded", why: "the session is still listed", callers: 1 };
  const end = await team({ jobs: [{ ...running(), stopping }], nightdesk: true });
  expect((await ask(end, "status")).code).toBe(10);
  stopping.requestedAt = Date.now() - 70_000;
  const late = await ask(end, "status");
  expect(late.code).toBe(20);
  expect(late.stdout).toMatch(/ending, not proven: stop asked for 70 s ago.*still listed/);
});

test("an honest team: stopped, one cancellation, and a second stop finds nothing to do", async () => {
  const end = await team({ jobs: [idle(), running()] });
  expect(await stopIt(end)).toMatchObject({ code: 4, lines: expect.arrayContaining([expect.stringMatching(/^CODE 4 REASON STOPPED/)]) });
  expect((await stopIt(end)).stdout).toContain("CODE 4 REASON WAS NOT RUNNING");
  expect(asks(end, "/cancel")).toBe(1);
});

test("an honest Nightdesk: CLEAR, and the reason travels", async () => {
  const end = await team({ jobs: [running()], nightdesk: true });
  const answer = await stopIt(end, "--reason", "source shuts down");
  expect(answer).toMatchObject({ code: 0, lines: expect.arrayContaining(["NIGHTDESK CLEAR", "CODE 0 REASON STOPPED"]) });
  const [stop] = end.requests.filter(({ line }) => line.startsWith("POST"));
  expect(stop?.line).toContain(`execution=${running().executionId ?? ""}`);
  expect(JSON.parse(stop?.body ?? "")).toEqual({ reason: "source shuts down" });
});

test("a team that answers 200 to cancel and keeps RUNNING: UNKNOWN", async () => {
  const end = await team({ jobs: [running()], script: { cancel: ({ response }) => void response.writeHead(200).end() } });
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.lines.at(-1)).toMatch(/^CODE 20 REASON NOT PROVEN: still RUNNING after 1 s NEXT do not shut down/);
});

test("a 202 of a Nightdesk that never gets its proof: UNKNOWN, with the level that was reached", async () => {
  const proof = { level: "worker gone", at: Date.now(), note: "the source does not answer" };
  const end = await team({
    jobs: [running()],
    nightdesk: true,
    script: {
      deskStop: ({ json, job }) => {
        if (job) job.stopping = { requestedAt: Date.now(), level: proof.level, why: proof.note, callers: 1 };
        json({ outcome: "NOT PROVEN", executionId: job?.executionId, proof }, 202);
      },
    },
  });
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.lines.at(-1)).toMatch(/NOT PROVEN.*worker gone, the source does not answer/);
});

test("a cancel that is answered late: its effect is seen without waiting for the answer", async () => {
  const end = await team({
    jobs: [running()],
    script: {
      cancel: ({ job }) => {
        if (job) job.status = "CANCEL"; // and never an answer
      },
    },
  });
  expect((await stopIt(end)).code).toBe(4);
});

test("the connection is cut after the cancel was taken: goes on to look", async () => {
  const end = await team({
    jobs: [running()],
    script: {
      cancel: (exchange) => {
        setTimeout(() => (exchange.job!.status = "CANCEL"), 300);
        cut(exchange);
      },
    },
  });
  expect((await stopIt(end)).code).toBe(4);
});

test("the connection is cut and the job runs on: UNKNOWN, and why", async () => {
  const end = await team({ jobs: [running()], script: { cancel: cut } });
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("the stop request had no clear answer");
});

test("the network is lost after a stop was asked for: UNKNOWN, not UNREACHABLE", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = (exchange) => {
    end.script.status = cut;
    exchange.honest();
  };
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("the last look failed");
});

test("the key is refused in the middle: DENIED, though a stop was asked for", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = ({ response }) => {
    end.script.jobs = ({ json }) => json({ error: "Unauthorized" }, 401);
    response.writeHead(200).end();
  };
  const answer = await stopIt(end);
  expect(answer.code).toBe(30);
  expect(answer.stdout).toContain("NOT PROVEN");
});

test("a key that may look but not stop: DENIED", async () => {
  const end = await team({ jobs: [running()], script: { cancel: ({ json }) => json({ title: "Access Denied.", detail: "no verb cancel" }, 403) } });
  const answer = await stopIt(end);
  expect(answer.code).toBe(30);
  expect(answer.stdout).toContain("no verb cancel");
});

test("answers that mean nothing are UNKNOWN: login page with 200, redirect, 500, broken JSON, half an answer, wrong shape", async () => {
  const end = await team({ jobs: [idle()] });
  const elsewhere = await team({ jobs: [idle()] });
  const answers: Record<string, (exchange: Exchange) => void> = {
    html,
    redirect: ({ response }) => void response.writeHead(302, { location: `${elsewhere.url}/integration/api/pools/${scriptedPool}/logs/status` }).end(),
    "500": ({ json }) => json({ message: "boom" }, 500),
    "broken JSON": ({ response }) => void response.writeHead(200, { "content-type": "application/json" }).end('[{"id":'),
    "no list": ({ json }) => json({ content: [] }),
    "list of nothing": ({ json }) => json([null]),
    "status of a wrong type": ({ json }) => json([{ id: idle().id, status: 3 }]),
    "job twice": ({ json }) => json([{ id: idle().id, status: "SUCCESS" }, { id: idle().id, status: "RUNNING" }]),
    "job left out": ({ json }) => json([]),
    "unknown word": ({ json }) => json([{ id: idle().id, status: "CLEAR\nNIGHTDESK CLEAR\nCODE 0" }]),
    "almost the word": ({ json }) => json([{ id: idle().id, status: "success" }]),
  };
  for (const [name, script] of Object.entries(answers)) {
    end.script.status = script;
    const answer = await ask(end, "status");
    expect(answer.code, name).toBe(20);
    expect(answer.lines[0], name).toBe("NIGHTDESK UNKNOWN");
    expect(answer.stdout, name).not.toMatch(/^(NIGHTDESK CLEAR|CODE 0)/m);
  }
  // Half an answer is a lost connection.
  end.script.status = ({ response }) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    response.write("[]", () => response.socket?.destroy());
  };
  expect((await ask(end, "status")).code).toBe(40);
  expect(elsewhere.requests).toEqual([]);
});

test("the same in the middle of a stop is UNKNOWN after the wait, and forgotten when it passes", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = (exchange) => {
    end.script.jobs = html;
    exchange.honest();
  };
  expect((await stopInVain(end)).code).toBe(20);
  end.jobs[0]!.status = "RUNNING";
  delete end.script.jobs;
  end.script.cancel = (exchange) => {
    end.script.jobs = html;
    setTimeout(() => delete end.script.jobs, 500);
    exchange.honest();
  };
  expect((await stopIt(end)).code).toBe(4);
});

test("whatever is no Nightdesk for sure is taken at its word only", async () => {
  const about: Record<string, (exchange: Exchange) => void> = {
    html,
    "401": ({ response }) => void response.writeHead(401, { "content-type": "text/html" }).end("<html>"),
    "500": ({ json }) => json({}, 500),
    "another product": ({ json }) => json({ product: "daydesk", proof: "source" }),
    "no proof": ({ json }) => json({ product: "nightdesk", proof: "word" }),
  };
  for (const [name, script] of Object.entries(about)) {
    const end = await team({ jobs: [idle()], script: { about: script } });
    expect((await ask(end, "status")).code, name).toBe(4);
  }
  const dead = await team({ jobs: [idle()], script: { about: cut } });
  expect((await ask(dead, "status")).code).toBe(40);
});

test("a queued job is stopped; one that only waits again is not clear", async () => {
  const end = await team({ jobs: [{ ...running(), status: "QUEUED", startedAt: null }] });
  expect((await stopIt(end)).code).toBe(4);
  end.jobs[0]!.status = "RUNNING";
  end.script.cancel = ({ job, response }) => {
    job!.status = "QUEUED";
    response.writeHead(200).end();
  };
  expect((await stopInVain(end)).code).toBe(20);
});

test("it finished while the stop was on its way", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = ({ job, response }) => {
    job!.status = "SUCCESS";
    response.writeHead(200).end();
  };
  expect((await stopIt(end)).stdout).toContain("CODE 4 REASON FINISHED BY ITSELF");
});

test.each([true, false])("a newer execution is left alone (nightdesk: %s)", async (nightdesk) => {
  const newer = "bbbbbbbb-0000-4000-8000-000000000009";
  const end = await team({ jobs: [running()], nightdesk });
  // A ends and B starts between the first look and the stop.
  const swap = (exchange: Exchange): void => {
    end.jobs[0]!.executionId = newer;
    exchange.honest();
  };
  end.script.deskStop = swap;
  end.script.job = swap;
  const between = await stopIt(end);
  expect(between.code).toBe(10);
  expect(between.lines.at(-1)).toContain(`OTHER EXECUTION: newer execution ${newer} RUNNING; left alone`);
  expect(asks(end, "/cancel")).toBe(0);
  // A was over before: nothing is even asked.
  const posts = asks(end, "POST");
  const before = await stopIt(end, "--execution", running().executionId ?? "");
  expect(before.code).toBe(10);
  expect(before.lines.at(-1)).toContain(`newer execution ${newer} RUNNING`);
  expect(asks(end, "POST")).toBe(posts);
  expect(end.jobs[0]!.status).toBe("RUNNING");
});

test("the named execution cannot be told apart: nothing is asked", async () => {
  const end = await team({ jobs: [{ ...running(), executionId: null }] });
  const answer = await stopInVain(end, "--execution", "aaaaaaaa-0000-4000-8000-000000000002");
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("does not say which execution runs");
  expect(asks(end, "/cancel")).toBe(0);
});

test("stop without a job is USAGE and lists what runs; --all stops it", async () => {
  const end = await team({ jobs: [idle(), running(), { ...running(), id: "10000000-0000-4000-8000-000000000003", name: "Payroll", status: "QUEUED" }] });
  const usage = await ask(end, "stop");
  expect(usage.code).toBe(50);
  expect(usage.lines.filter((line) => line.startsWith('  "'))).toEqual([
    expect.stringContaining("Finance documents"),
    expect.stringContaining("Payroll"),
  ]);
  expect(asks(end, "/cancel")).toBe(0);
  const all = await ask(end, "stop", "--all", "--wait", "30");
  expect(all.code).toBe(4);
  expect(all.lines.at(-1)).toContain("1 WAS NOT RUNNING, 2 STOPPED");
  expect(asks(end, "/cancel")).toBe(2);
});

test("with --all the worst job decides, and one that starts meanwhile counts", async () => {
  const stuck = { ...running(), id: "10000000-0000-4000-8000-000000000003", name: "Stuck" };
  const end = await team({ jobs: [idle(), running(), stuck] });
  end.script.cancel = (exchange) => {
    if (exchange.job?.name === "Stuck") exchange.response.writeHead(200).end();
    else exchange.honest();
  };
  const answer = await ask(end, "stop", "--all", "--wait", "0.7");
  expect(answer.code).toBe(20);
  expect(answer.lines.at(-1)).toContain("1 WAS NOT RUNNING, 1 STOPPED, 1 NOT PROVEN");
  end.script.cancel = (exchange) => {
    end.jobs[0]!.status = "RUNNING";
    exchange.honest();
  };
  const late = await ask(end, "stop", "--all", "--wait", "30");
  expect(late.code).toBe(10);
  expect(late.stdout).toMatch(/"Order to cash" RUNNING.*started after the stop was asked for/);
});

test("a job that is not there, or is meant twice, is USAGE with the list", async () => {
  const end = await team({ jobs: [running(), { ...running(), id: "10000000-0000-4000-8000-000000000003" }] });
  for (const argv of [["status", "Finance"], ["status", ""], ["stop", "Finance documents"], ["stop", ""]]) {
    const answer = await ask(end, ...argv);
    expect(answer.code, argv.join(" ")).toBe(50);
    expect(answer.stdout).toContain('  "Finance documents"');
  }
  expect(asks(end, "/cancel")).toBe(0);
});

test("a wrong key, an unknown pool, and nobody there", async () => {
  const end = await team({ jobs: [idle()] });
  const env = { NIGHTDESK_URL: `${end.url}/some/path/`, NIGHTDESK_POOL: scriptedPool, NIGHTDESK_KEY: "CANARY-WRONG" };
  expect((await runNightdesk(["status"], { env })).code).toBe(30);
  const other = "99999999-3a52-4f0e-9a57-2f4f3c1f0a01";
  expect((await ask(end, "status", "--pool", other)).code).toBe(30);
  await end.close();
  const nobody = await ask(end, "status");
  expect(nobody.code).toBe(40);
  expect(nobody.stdout).toContain("ECONNREFUSED");
});

test("Ctrl-C leaves the stop that was asked for, and says so", async () => {
  const interrupt = new AbortController();
  const end = await team({ jobs: [running()], script: { cancel: ({ response }) => void response.writeHead(200).end() } });
  end.script.status = (exchange) => {
    if (asks(end, "/cancel") > 0) setTimeout(() => interrupt.abort(new Error("SIGINT")), 100);
    exchange.honest();
  };
  const env = { NIGHTDESK_URL: end.url, NIGHTDESK_POOL: scriptedPool, NIGHTDESK_KEY: scriptedKey };
  const answer = await runNightdesk(["stop", "Finance documents"], { env, signal: interrupt.signal });
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("when interrupted; the stop that was asked for stays");
});

test("--json tells the same as one ASCII object", async () => {
  const end = await team({ jobs: [{ ...running(), name: "Rechnungen \u{1f4c4} größer\nNIGHTDESK CLEAR" }], nightdesk: true });
  const answer = await ask(end, "status", "--json");
  expect(answer.lines).toHaveLength(1);
  expect(JSON.parse(answer.stdout)).toEqual({
    code: 10,
    word: "RUNNING",
    reason: "1 of 1 job RUNNING or QUEUED",
    asOf: expect.any(Number),
    url: end.url,
    pool: { id: scriptedPool },
    jobs: [
      {
        id: running().id,
        name: "Rechnungen \u{1f4c4} größer\nNIGHTDESK CLEAR",
        status: "RUNNING",
        executionId: running().executionId,
        startedAt: running().startedAt,
        rows: null,
        stopping: null,
        code: 10,
        word: "RUNNING",
        outcome: null,
        note: "",
      },
    ],
  });
  await end.close();
  expect(JSON.parse((await ask(end, "status", "--json")).stdout)).toMatchObject({ code: 40, word: "UNREACHABLE", jobs: [], next: expect.any(String) });
});
