/** The night at the page: a real Chromium, a real server, a real extraction. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { AuditPage } from "../src/contract/index.ts";
import { hasChromium, startBrowser, visitor, type Visitor } from "./support/browser.ts";
import { freezeWaiting } from "./support/held-sessions.ts";
import { startTestServer, statusOf, taggedSessions, until, type TestServer } from "./support/nightdesk.ts";
import { buildPage, cardOf, makePageScene, picture, signIn, type PageScene } from "./support/page-scene.ts";

let browser: Browser;
let server: TestServer;
let scene: PageScene;
let people: Visitor[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  buildPage();
  browser = await startBrowser();
  server = await startTestServer();
  scene = await makePageScene(server);
  // It has loaded once, so that there is a past.
  await scene.run(scene.orders);
  await until(async () =>
    (await statusOf(server, scene.poolId, scene.orders.jobId)) === "SUCCESS" ? true : null,
  );
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await scene?.source.end();
});

afterEach(async () => {
  for (const { faults } of people) expect(faults).toEqual([]);
  people = [];
  if (scene === undefined) return;
  await scene.stop(scene.finance);
  expect(await taggedSessions(scene.source)).toEqual([]);
  expect(server.reports).toEqual([]);
});

async function somebody(eyes: Parameters<typeof visitor>[1] = {}): Promise<Visitor> {
  const one = await visitor(browser, eyes);
  people.push(one);
  return one;
}

test.runIf(hasChromium)(
  "the page at night: seen, stopped with a reason, proven level by level, and the receipt",
  async () => {
    await scene.runToRows(scene.finance);
    const { page, shown } = await somebody({ width: 390, height: 844, dark: true });
    await page.goto(server.url);
    await picture(page, "sign-in");
    await signIn(page, server.url, scene.operatorKey);
    const card = cardOf(page, scene.finance);
    await page.getByRole("heading", { level: 1, name: /Finance documents.* touches the source/ }).waitFor();
    await page.getByText("code 10").waitFor();
    await card.getByText(/since \d\d:\d\d:\d\d GMT\+9 \(\d\d:\d\d:\d\d UTC\)/).waitFor();
    await card.getByText(/[\d,]+ rows/).waitFor();
    // Both tables have begun, and the source has an estimate of each.
    await card.getByRole("progressbar", { name: /Progress of/ }).waitFor();
    await card.getByText(/\d+ %/).waitFor();
    // It counts on by itself.
    await page.getByText(/^0 s ago$/).waitFor();
    expect(await cardOf(page, scene.orders).getByRole("button", { name: /^Stop/ }).count()).toBe(0);
    await picture(page, "running-phone");

    await card.getByRole("button", { name: /Stop .Finance documents/ }).click();
    const dialog = page.getByRole("dialog", { name: /Stop .*Finance documents.*\?/ });
    await dialog.getByLabel("Reason, for the record").fill("source shuts down at 24:00");
    await picture(page, "ask");
    // It asks once, and nothing was asked of the server until now.
    expect(await statusOf(server, scene.poolId, scene.finance.jobId)).toBe("RUNNING");
    await dialog.getByRole("button", { name: "Stop now" }).click();
    await card.getByText("Stopped, and proven at the source").waitFor();
    expect(await statusOf(server, scene.poolId, scene.finance.jobId)).toBe("CANCEL");
    expect(await taggedSessions(scene.source)).toEqual([]);

    // Those of the receipt, which comes after the answer.
    const rungs = async (): Promise<(string | undefined)[]> =>
      (await card.locator(".rungs li.reached").allInnerTexts()).map((text) => text.split("\n")[0]);
    await expect.poll(rungs).toEqual(["Requested", "Recorded", "Worker gone", "Source idle"]);
    const receipt = card.getByRole("region", { name: "Receipt" });
    await receipt.getByText("source shuts down at 24:00").waitFor();
    await receipt.getByText("night view cancel").waitFor();
    const { records } = (await server.ok("GET", "/desk/v1/audit")) as AuditPage;
    expect(records.findLast(({ deed, phase }) => deed === "stop" && phase === "asked")?.channel).toBe("page");
    // Both tables belong to the task that was stopped.
    expect(await receipt.getByText("thrown away").count()).toBe(2);
    await page
      .getByRole("heading", { level: 1, name: /Nothing of .*SAP ECC.* touches the source/ })
      .waitFor();
    await page.getByText("code 0").waitFor();
    await picture(page, "receipt-phone");
    const first = (await shown()).findIndex((text) => /\bstopped\b/i.test(text));
    expect(
      (await shown()).slice(0, first).some((text) => text.includes("touches the source, or waits to")),
    ).toBe(true);

    // The same as text, for the report of the shift, in the session that is open.
    const [popup] = await Promise.all([
      page.waitForEvent("popup"),
      receipt.getByRole("link", { name: /As text/ }).click(),
    ]);
    await popup.waitForLoadState();
    expect(await popup.locator("body").innerText()).toContain("source shuts down at 24:00");
  },
);

test.runIf(hasChromium)(
  "a second browser sees the stop of the first, and one for all stops all",
  async () => {
    await scene.runToRows(scene.finance);
    const first = await somebody();
    const second = await somebody();
    await signIn(first.page, server.url, scene.operatorKey);
    await signIn(second.page, server.url, (await scene.key("view")).key);
    const seen = cardOf(second.page, scene.finance);
    await seen.getByText("running", { exact: true }).waitFor();
    await first.page.getByRole("button", { name: "Stop all" }).click();
    const dialog = first.page.getByRole("dialog");
    await dialog.getByText("Jobs under way: 1.").waitFor();
    await dialog.getByRole("button", { name: "Stop now" }).click();
    await cardOf(first.page, scene.finance).getByText("Stopped, and proven at the source").waitFor();
    await second.page.getByText("code 0").waitFor();
    await seen.getByText("ended by a stop").waitFor();
    await seen.getByText("Stopped, and proven at the source").waitFor();
    const receipt = await seen.getByRole("region", { name: "Receipt" }).innerText();
    expect(receipt).toContain("key night view cancel");
  },
);

test.runIf(hasChromium)(
  "a frozen backend: NOT PROVEN, and never that it stopped, until it is released",
  async () => {
    await scene.runToRows(scene.finance);
    const { page, shown } = await somebody({ dark: true, width: 390, height: 844 });
    const other = await somebody();
    const settings = `/desk/v1/pools/${scene.poolId}/settings`;
    const contact = "Basis on call, 0123";
    await server.ok("PUT", settings, { contact });
    await signIn(page, server.url, scene.operatorKey);
    await signIn(other.page, server.url, scene.operatorKey);
    const card = cardOf(page, scene.finance);
    const pid = await freezeWaiting(scene.source, null, "ClientWrite");
    try {
      await card.getByRole("button", { name: /^Stop/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Stop now" }).click();
      await card.getByText("Requested").waitFor();
      await card.locator("li.reached", { hasText: "Worker gone" }).waitFor();
      await card.locator("li.waiting", { hasText: "Source idle" }).waitFor();
      await card.getByText("NOT PROVEN", { exact: true }).waitFor();
      await card.getByText(`session ${String(pid)}`).waitFor();
      await page.getByText(contact).waitFor();
      await picture(page, "not-proven-phone");
      // As the people of the pool read times, wherever the browser is: hours before noon belong to the night before.
      await server.ok("PUT", settings, { zone: "Europe/Berlin", hours24to47: true, contact });
      const since =
        /since (?:\d{4}-\d\d-\d\d (?:2[4-9]|3[0-5]):\d\d:\d\d = )?.*(?:GMT\+[12]|CES?T) \(.*UTC\)/;
      await card.getByText(since).waitFor();
      expect(await statusOf(server, scene.poolId, scene.finance.jobId)).toBe("RUNNING");
      await cardOf(other.page, scene.finance).locator("li.reached", { hasText: "Worker gone" }).waitFor();
      for (const one of [await shown(), await other.shown()]) {
        expect(one.length).toBeGreaterThan(5);
        expect(one.filter((text) => /\bstopped\b|\bclear\b(?!\.)|nothing of .{0,3}SAP/i.test(text))).toEqual(
          [],
        );
      }
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await card.getByText("Stopped, and proven at the source").waitFor();
    await cardOf(other.page, scene.finance).getByText("Stopped, and proven at the source").waitFor();
    await page.getByText("code 0").waitFor();
  },
);

test.runIf(hasChromium)(
  "a key that may only look has no button, and what is refused is shown as that",
  async () => {
    await scene.runToRows(scene.finance);
    const { page } = await somebody();
    const weak = await scene.key("view");
    await signIn(page, server.url, weak.key);
    const card = cardOf(page, scene.finance);
    await card.getByText("running", { exact: true }).waitFor();
    await page.getByText("This key may look and not stop.").waitFor();
    expect(await page.getByRole("button", { name: /^Stop/ }).count()).toBe(0);

    // A browser that lies to itself about its rights gets a button, and the door still refuses.
    await page.route("**/desk/session", async (route) => {
      const answer = await route.fetch();
      const session = await answer.json();
      session.pools[0].verbs.push("cancel");
      await route.fulfill({ response: answer, json: session });
    });
    await page.reload();
    await card.getByRole("button", { name: /^Stop/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop now" }).click();
    await card
      .getByRole("alert")
      .getByText(/this key may not stop here\. Nothing was asked/)
      .waitFor();
    expect(await statusOf(server, scene.poolId, scene.finance.jobId)).toBe("RUNNING");
    await page.getByText("code 10").waitFor();

    // A key that is taken back ends what it opened.
    await server.ok("DELETE", `/desk/v1/keys/${weak.id}`);
    await page.getByRole("alert").getByText("The session is over, or the key is no longer valid").waitFor();
    expect(await page.getByText("code 10").count()).toBe(0);
  },
);
