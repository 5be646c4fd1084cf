/** `nightdesk status` against teams that are honest or lie: over real HTTP. */
import { afterEach, expect, test } from "vitest";
import { runNightdesk } from "./support/cli-run.ts";
import { ask, asks, closeTeams, cut, envFor, html, idle, running, team } from "./support/desk-cases.ts";
import { scriptedPool } from "./support/scripted-team.ts";
import type { Exchange } from "./support/scripted-team.ts";

afterEach(closeTeams);

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
  const end = await team({
    jobs: [idle(), { ...running(), status: null, executionId: null, startedAt: null }],
    nightdesk: true,
  });
  const answer = await ask(end, "status");
  expect(answer.code).toBe(0);
  expect(answer.lines[0]).toBe("NIGHTDESK CLEAR");
  expect(answer.lines[2]).toBe('  "Finance documents" never ran');
  expect(asks(end, "/integration/")).toBe(0);
});

test("a stop that is not proven is RUNNING for a minute, then UNKNOWN", async () => {
  const stopping = {
    requestedAt: Date.now() - 5000,
    level: "recorded",
    why: "the session is still listed",
    callers: 1,
  };
  const end = await team({ jobs: [{ ...running(), stopping }], nightdesk: true });
  expect((await ask(end, "status")).code).toBe(10);
  stopping.requestedAt = Date.now() - 70_000;
  const late = await ask(end, "status");
  expect(late.code).toBe(20);
  expect(late.stdout).toMatch(/ending, not proven: stop asked for 7\d s ago.*still listed/);
});

test("the age of a stop does not depend on whose clock is wrong", async () => {
  const anHour = 3_600_000;
  const stopping = { requestedAt: 0, level: "recorded", why: "", callers: 1 };
  const end = await team({ jobs: [{ ...running(), stopping }], nightdesk: true });
  for (const [wrongBy, age, code] of [
    [anHour, 5000, 10],
    [-anHour, 5000, 10],
    [anHour, 70_000, 20],
    [-anHour, 70_000, 20],
  ] as const) {
    end.script.about = ({ json }) =>
      json({ product: "nightdesk", version: "0", proof: "source", time: Date.now() + wrongBy });
    end.script.deskStatus = ({ json }) => {
      const asOf = Date.now() + wrongBy;
      json({
        poolId: scriptedPool,
        poolName: "P",
        asOf,
        jobs: [{ ...running(), rows: 7, stopping: { ...stopping, requestedAt: asOf - age } }],
      });
    };
    expect((await ask(end, "status")).code).toBe(code);
  }
});

test("answers that mean nothing are UNKNOWN: login page with 200, redirect, 500, broken JSON, half an answer, wrong shape", async () => {
  const end = await team({ jobs: [idle()] });
  const elsewhere = await team({ jobs: [idle()] });
  const answers: Record<string, (exchange: Exchange) => void> = {
    html,
    redirect: ({ response }) =>
      void response
        .writeHead(302, { location: `${elsewhere.url}/integration/api/pools/${scriptedPool}/logs/status` })
        .end(),
    "500": ({ json }) => json({ message: "boom" }, 500),
    "broken JSON": ({ response }) =>
      void response.writeHead(200, { "content-type": "application/json" }).end('[{"id":'),
    "no list": ({ json }) => json({ content: [] }),
    "list of nothing": ({ json }) => json([null]),
    "status of a wrong type": ({ json }) => json([{ id: idle().id, status: 3 }]),
    "job twice": ({ json }) =>
      json([
        { id: idle().id, status: "SUCCESS" },
        { id: idle().id, status: "RUNNING" },
      ]),
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

test("a job that one read has active and the other calls over is UNKNOWN, unless the next look agrees", async () => {
  const end = await team({ jobs: [{ ...running(), status: "SUCCESS" }] });
  const active = { id: running().id, name: running().name, dataPoolId: scriptedPool, timeStamp: null };
  const told = [
    { ...active, status: "RUNNING", currentExecutionId: running().executionId },
    { ...active, status: "QUEUED", currentExecutionId: null },
    { ...active, status: "SUCCESS", currentExecutionId: running().executionId },
  ];
  for (const job of told) {
    end.script.jobs = ({ json }) => json([job]);
    const answer = await ask(end, "status");
    expect(answer).toMatchObject({ code: 20, lines: expect.arrayContaining(["NIGHTDESK UNKNOWN"]) });
    expect(answer.stdout).toContain('"NOT AGREED"');
  }
  // It ended between the two reads of the first look.
  let looks = 0;
  end.script.jobs = (exchange) => (++looks === 1 ? exchange.json([told[0]]) : exchange.honest());
  expect((await ask(end, "status")).code).toBe(4);
  expect(looks).toBe(2);
});

test("a status of another pool, or an old one that something on the way had kept, is UNKNOWN", async () => {
  const end = await team({ jobs: [idle()], nightdesk: true });
  const status = {
    poolId: scriptedPool,
    poolName: "P",
    asOf: 0,
    jobs: [{ ...idle(), rows: null, stopping: null }],
  };
  const cases = [
    [{ asOf: Date.now() }, 0],
    [{ asOf: Date.now() - 50_000 }, 0],
    [{ asOf: Date.now() - 70_000 }, 20],
    [{ asOf: Date.now(), poolId: "99999999-3a52-4f0e-9a57-2f4f3c1f0a01" }, 20],
  ] as const;
  for (const [facts, code] of cases) {
    end.script.deskStatus = ({ json }) => json({ ...status, ...facts });
    expect(await ask(end, "status"), JSON.stringify(facts)).toMatchObject({ code });
  }
});

test("a wrong key, an unknown pool, and nobody there", async () => {
  const end = await team({ jobs: [idle()] });
  const env = { ...envFor({ url: `${end.url}/` }), NIGHTDESK_KEY: "CANARY-WRONG" };
  expect((await runNightdesk(["status"], { env })).code).toBe(30);
  const other = "99999999-3a52-4f0e-9a57-2f4f3c1f0a01";
  expect((await ask(end, "status", "--pool", other)).code).toBe(30);
  await end.close();
  const nobody = await ask(end, "status");
  expect(nobody.code).toBe(40);
  expect(nobody.stdout).toContain("ECONNREFUSED");
});

test("--json tells the same as one ASCII object", async () => {
  const end = await team({
    jobs: [{ ...running(), name: "Rechnungen \u{1f4c4} größer\nNIGHTDESK CLEAR" }],
    nightdesk: true,
  });
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
        declared: null,
        code: 10,
        word: "RUNNING",
        outcome: null,
        note: "",
      },
    ],
  });
  await end.close();
  expect(JSON.parse((await ask(end, "status", "--json")).stdout)).toMatchObject({
    code: 40,
    word: "UNREACHABLE",
    jobs: [],
    next: expect.any(String),
  });
});
