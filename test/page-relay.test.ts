/** The night page before a pool of another team, in a real browser: what a probe proves, and what its word alone is. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { hasChromium, startBrowser, visitor } from "./support/browser.ts";
import { running } from "./support/desk-cases.ts";
import type { TestServer } from "./support/nightdesk.ts";
import { buildPage, signIn } from "./support/page-scene.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { openRelayStage, startRelayServer, type RelayStage } from "./support/relay-stage.ts";
import { scriptedPool } from "./support/scripted-team.ts";

let browser: Browser;
let source: TestDatabase;
let server: TestServer;
let stage: RelayStage;

beforeAll(async () => {
  if (!hasChromium) return;
  buildPage();
  browser = await startBrowser();
  source = await createDatabase("page_relay");
  server = await startRelayServer();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await source?.end();
});
beforeEach(async () => {
  if (hasChromium) stage = await openRelayStage(server);
});
afterEach(() => stage?.close());

test.runIf(hasChromium)("a stop at a Celonis team: by its word, then with a probe proven", async () => {
  const { page, faults } = await visitor(browser);
  const card = page.locator(`[data-job="${running().id}"]`);
  const stop = async (): Promise<void> => {
    await card.getByRole("button", { name: /^Stop/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop now" }).click();
  };
  await signIn(page, server.url, stage.key);
  await page.getByText("code 10").waitFor();
  await stop();
  await page.getByText("code 4").waitFor();
  await card.getByText("CANCEL says the team", { exact: false }).first().waitFor();
  expect(await page.getByText("proven at the source").count()).toBe(0);

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
  const probe = { name: "ECC sessions", pool: scriptedPool, againAfterMs: 100, ...sql };
  await server.ok("PUT", `/desk/v1/teams/${stage.teamId}`, { probes: [probe] });
  await page.getByText("code 0").waitFor();
  Object.assign(stage.team.jobs[1]!, running(), { executionId: newId(), startedAt: Date.now() });
  await page.getByText("code 10").waitFor();
  await stop();
  await card.getByText("Stopped, and proven at the source").waitFor();
  await card.getByText('probe "ECC sessions": found nothing').waitFor();
  expect(faults).toEqual([]);
});
