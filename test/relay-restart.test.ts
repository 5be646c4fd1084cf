/** What a relay remembers over a restart: since when a stop is open, and that what was stopped is still to be watched. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { running } from "./support/desk-cases.ts";
import { startTestServer, type TestServer } from "./support/nightdesk.ts";
import { createDatabase } from "./support/postgres.ts";
import { desk } from "./support/relay-stage.ts";
import { scriptedKey, scriptedPool, startScriptedTeam } from "./support/scripted-team.ts";

test("a stop stays open since its first request, and its log is watched, over a restart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-relay-"));
  const settings = { NIGHTDESK_ADMIN_KEY: "0123456789abcdef0123456789abcdef" };
  const start = (): Promise<TestServer> =>
    startTestServer({ home: join(folder, "home"), settings, relay: { quietMs: 60_000 } });
  const team = await startScriptedTeam({
    jobs: [running()],
    log: [{ id: "1", date: 0, logMessage: "EXTRACTING" }],
    script: { cancel: ({ response }) => void response.writeHead(200).end() },
  });
  let server = await start();
  try {
    await server.ok("POST", "/desk/v1/teams", {
      name: "Far",
      url: team.url,
      credentials: { scheme: "AppKey", key: scriptedKey },
      pools: [scriptedPool],
    });
    const stop = `${desk}/jobs/${running().id}/stop?wait=1`;
    expect((await server.call("POST", stop)).json).toMatchObject({ outcome: "NOT PROVEN" });
    const jobOf = async () => (await server.ok("GET", `${desk}/status`)).jobs[0];
    const first = await jobOf();
    await server.stop();
    server = await start();
    expect((await jobOf()).stopping.requestedAt).toBe(first.stopping.requestedAt);
    expect((await server.call("POST", stop)).json).toMatchObject({ outcome: "NOT PROVEN" });
    team.jobs[0]!.status = "CANCEL";
    const over = await jobOf();
    expect(over).toMatchObject({ status: "CANCEL", executionId: running().executionId });
    expect(over.stopping).toMatchObject({
      requestedAt: first.stopping.requestedAt,
      why: "the team says CANCEL, and its log is looked at once more",
    });
  } finally {
    await server.stop();
    await team.close();
    await rm(folder, { recursive: true, force: true });
  }
});

test("probes, and the receipt of a stop that they proved, are there after a restart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-relay-"));
  const settings = { NIGHTDESK_ADMIN_KEY: "0123456789abcdef0123456789abcdef" };
  const start = (): Promise<TestServer> =>
    startTestServer({ home: join(folder, "home"), settings, relay: { quietMs: 100 } });
  const team = await startScriptedTeam({ jobs: [running()] });
  const source = await createDatabase("relay_restart");
  const { host, port, database, user, password } = source;
  const sql = {
    kind: "sql",
    host,
    port,
    database,
    user,
    password,
    ssl: "disable",
    query: "select 1 where false",
  };
  let server = await start();
  try {
    await server.ok("POST", "/desk/v1/teams", {
      name: "Far",
      url: team.url,
      credentials: { scheme: "AppKey", key: scriptedKey },
      pools: [scriptedPool],
      probes: [{ name: "ECC sessions", pool: scriptedPool, againAfterMs: 100, ...sql }],
    });
    const stopped = await server.ok("POST", `${desk}/jobs/${running().id}/stop?wait=20`);
    expect(stopped).toMatchObject({ outcome: "STOPPED", proof: { level: "source idle" } });
    const path = `/desk/v1/executions/${running().executionId ?? ""}/receipt`;
    const { asOf: _, ...before } = await server.ok("GET", path);
    await server.stop();
    server = await start();
    expect((await server.ok("GET", `${desk}/status`)).jobs[0].probes).toMatchObject([{ clear: true }]);
    const { asOf: __, ...after } = await server.ok("GET", path);
    expect(after).toEqual(before);
    expect(after.proof.level).toBe("source idle");
  } finally {
    await server.stop();
    await team.close();
    await source.end();
    await rm(folder, { recursive: true, force: true });
  }
});
