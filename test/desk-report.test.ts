/** `nightdesk report` against teams that have no report, or not one that can be read. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ask, closeTeams, idle, team } from "./support/desk-cases.ts";
import { runNightdesk } from "./support/cli-run.ts";

const shift = ["report", "--from", "2026-06-18T12:00Z", "--to", "2026-06-19T00:00+00:00"];
let open: Server[] = [];

afterEach(async () => {
  await closeTeams();
  for (const server of open) server.close();
  open = [];
});

async function answering(body: string): Promise<{ url: string }> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  open.push(server);
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

test("a team that has none: DENIED, as for a pool that is not there", async () => {
  const answer = await ask(await team({ jobs: [idle()] }), ...shift);
  expect(answer).toMatchObject({ code: 30, lines: ["NIGHTDESK DENIED", expect.anything()] });
});

test("an answer that is no report: UNKNOWN, never 0", async () => {
  for (const body of [
    "{}",
    '{"ran":[],"stops":{}}',
    "[]",
    '{"ran":[null],"stops":[],"holds":[],"settles":[],"denied":[],"open":[]}',
  ]) {
    expect(await ask(await answering(body), ...shift), body).toMatchObject({ code: 20 });
  }
});

test("nobody answers: UNREACHABLE", async () => {
  const { url } = await answering("");
  for (const server of open) server.close();
  expect((await ask({ url }, ...shift)).code).toBe(40);
});

test("a time that could be meant in two ways is refused before anything is asked", async () => {
  for (const [from, to] of [
    ["2026-06-18T12:00", "2026-06-19T00:00Z"],
    ["2026-06-18", "2026-06-19T00:00Z"],
    ["2026-06-18T12:00Z", "12:00"],
    ["2026-06-18T12:00Z", "2026-06-18T12:00Z"],
    ["", "2026-06-18T12:00Z"],
  ] as const) {
    const answer = await runNightdesk(["report", "--from", from, "--to", to]);
    expect(answer).toMatchObject({ code: 50, lines: ["NIGHTDESK USAGE", expect.stringContaining("--")] });
  }
});
