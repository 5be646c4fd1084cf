/** The page for everybody: markup in every name, both languages, a narrow screen, no mouse, no eyes. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { hasChromium, startBrowser, visitor, type Visitor } from "./support/browser.ts";
import { startTestServer, type TestServer } from "./support/nightdesk.ts";
import { buildPage, cardOf, makePageScene, picture, signIn, type PageScene } from "./support/page-scene.ts";

let browser: Browser;
let server: TestServer;
let plain: PageScene;
/** Every name in it is an attack. */
let hostile: PageScene;
let people: Visitor[] = [];

const attack = (what: string): string =>
  `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>${what}&amp;{pool}"'`;
/** Turns round what follows, and looks like a verdict. */
const turned = "\u202eNIGHTDESK CLEAR code 0\u2067";
const names = {
  poolName: attack("pool"),
  finance: `${attack("finance")}${turned}${"W".repeat(80)}`,
  orders: "CLEAR",
};

beforeAll(async () => {
  if (!hasChromium) return;
  buildPage();
  browser = await startBrowser();
  server = await startTestServer();
  plain = await makePageScene(server, { finance: "会計伝票の抽出", orders: "Order to cash" });
  hostile = await makePageScene(server, names);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await plain?.source.end();
  await hostile?.source.end();
});

afterEach(async () => {
  for (const { faults } of people) expect(faults).toEqual([]);
  people = [];
  for (const scene of [plain, hostile]) await scene?.stop(scene.finance);
});

async function somebody(eyes: Parameters<typeof visitor>[1] = {}): Promise<Visitor> {
  const one = await visitor(browser, eyes);
  people.push(one);
  return one;
}

const widthOf = ({ page }: Visitor): Promise<number> => page.evaluate("document.documentElement.scrollWidth");

test.runIf(hasChromium)(
  "markup and turned text in every name stay text, and no name is a verdict",
  async () => {
    const { key } = await server.ok("POST", "/desk/v1/keys", {
      name: attack("key"),
      grants: [{ poolId: hostile.poolId, verbs: ["view", "cancel"] }],
    });
    await hostile.runToRows(hostile.finance);
    const hold = { scope: "pool", reason: attack("hold") };
    const { id } = await server.ok("POST", `/desk/v1/pools/${hostile.poolId}/holds`, hold);
    const one = await somebody({ width: 360, height: 740 });
    const { page } = one;
    await signIn(page, server.url, key);
    await page.getByText("code 10").waitFor();
    const card = cardOf(page, hostile.finance);
    await card.getByRole("button", { name: /^Stop/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Reason/).fill(attack("reason"));
    expect(await dialog.getByRole("heading").innerText()).toContain(names.finance);
    await dialog.getByRole("button", { name: "Stop now" }).click();
    await card.getByRole("region", { name: "Receipt" }).getByText(attack("reason")).waitFor();
    const text = await one.text();
    for (const name of [names.poolName, names.finance, attack("key")]) expect(text).toContain(name);
    expect(await page.title()).toBe("Nightdesk");
    expect(await page.locator("img, iframe, #page script").count()).toBe(0);
    // Each in a place of its own, which it cannot turn round from within.
    const places = page.locator("bdi", { hasText: "NIGHTDESK CLEAR" });
    expect(await places.count()).toBeGreaterThan(0);
    expect(await widthOf(one)).toBe(360);
    await server.ok("POST", `/desk/v1/pools/${hostile.poolId}/release`, { holds: [id] });
  },
);

test.runIf(hasChromium)(
  "both languages: the browser's own first, then the one that was chosen, names as they are",
  async () => {
    await plain.runToRows(plain.finance);
    const one = await somebody({ locale: "ja-JP", width: 390, height: 844, dark: true });
    const { page } = one;
    await page.goto(server.url);
    const language = (): Promise<string> => page.evaluate("document.documentElement.lang");
    await page.getByRole("button", { name: "サインイン" }).waitFor();
    await expect.poll(language).toBe("ja");
    await page.getByLabel("キー").fill(`Authorization: AppKey ${plain.operatorKey}`);
    await page.getByRole("button", { name: "サインイン" }).click();
    await page.getByRole("heading", { level: 1, name: /会計伝票の抽出.*がソースに触れているか/ }).waitFor();
    await page.getByText("RUNNING", { exact: true }).waitFor();
    await picture(page, "running-japanese");
    expect(await one.barriers()).toEqual([]);
    // No English is left but the desk's word, names, the switch, and what the server says.
    const card = cardOf(page, plain.finance);
    await card.getByRole("button", { name: /停止/ }).click();
    await page.getByLabel("理由（記録用）").fill("24:00 にソースを停止するため");
    await page.getByRole("button", { name: "停止する" }).click();
    await card.getByText("停止しました（ソース側で確認済み）").waitFor();
    await card.getByText("24:00 にソースを停止するため").waitFor();
    await picture(page, "receipt-japanese");

    await page.getByRole("button", { name: "English" }).click();
    await card.getByText("Stopped, and proven at the source").waitFor();
    await expect.poll(language).toBe("en");
    await page.reload();
    await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
    await expect.poll(language).toBe("en");
    await card.getByText("会計伝票の抽出").waitFor();
  },
);

test.runIf(hasChromium)(
  "a key for one job: what is said is said of that job, and only that can be stopped",
  async () => {
    const grants = [{ poolId: plain.poolId, verbs: ["view", "cancel"] }];
    const jobs = [plain.orders.jobId];
    const { key } = await server.ok("POST", "/desk/v1/keys", { name: "one job", grants, jobs });
    await plain.runToRows(plain.finance);
    const { page } = await somebody();
    await signIn(page, server.url, key);
    await page
      .getByRole("heading", { name: "None of the jobs that this key may see touches the source." })
      .waitFor();
    await page.getByText("The data pool may have others, which are not shown.").waitFor();
    expect(await cardOf(page, plain.orders).count()).toBe(1);
    expect(await cardOf(page, plain.finance).count()).toBe(0);
    expect(await page.getByRole("button", { name: "Stop all" }).count()).toBe(0);

    // The same of a pool of which there is no more than somebody's word, and of jobs that are gone.
    const night = {
      poolId: plain.poolId,
      poolName: "SAP ECC",
      partial: true,
      jobs: [],
      holds: [],
      settings: null,
      verdict: { word: "REPORTED CLEAR", code: 4, reason: "said", next: null },
    };
    await page.route("**/events", (route) => {
      const now = Date.now();
      const body = `data: ${JSON.stringify({ ...night, asOf: now, sentAt: now })}\n\n`;
      return route.fulfill({ status: 200, contentType: "text/event-stream", body });
    });
    await page.reload();
    await page
      .getByRole("heading", { name: /None of the jobs that this key may see is said to run/ })
      .waitFor();
    await page.getByText("None of the jobs that this key is for is there any more.").waitFor();
  },
);

test.runIf(hasChromium)(
  "a key for two pools: one is shown at a time, and each by its own events",
  async () => {
    const grants = [plain, hostile].map(({ poolId }) => ({ poolId, verbs: ["view"] }));
    const { key } = await server.ok("POST", "/desk/v1/keys", { name: "two", grants });
    await plain.runToRows(plain.finance);
    const { page } = await somebody();
    await signIn(page, server.url, key);
    await page.getByText("code 10").waitFor();
    await page.getByLabel("Data pool").selectOption(names.poolName);
    await page.getByText("code 0", { exact: true }).waitFor();
    expect(await cardOf(page, hostile.finance).count()).toBe(1);
    expect(await cardOf(page, plain.finance).count()).toBe(0);
  },
);

test.runIf(hasChromium)(
  "a narrow screen: 360 pixels, no scrolling to the side, and nothing too small to be hit",
  async () => {
    await plain.runToRows(plain.finance);
    const one = await somebody({ width: 360, height: 640 });
    const { page } = one;
    await page.goto(server.url);
    expect(await widthOf(one)).toBe(360);
    await signIn(page, server.url, plain.operatorKey);
    await page.getByText("code 10").waitFor();
    expect(await widthOf(one)).toBe(360);
    for (const button of await page.getByRole("button").all()) {
      expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    }
    await cardOf(page, plain.finance).getByRole("button", { name: /^Stop/ }).click();
    const box = await page.getByRole("dialog").boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
    await page.getByRole("button", { name: "Stop now" }).click();
    await page.getByRole("region", { name: "Receipt" }).waitFor();
    expect(await widthOf(one)).toBe(360);
  },
);

test.runIf(hasChromium)(
  "with the keyboard alone: signed in, asked, left, asked again, and followed",
  async () => {
    await plain.runToRows(plain.finance);
    const { page } = await somebody();
    await page.goto(server.url);
    await page.getByLabel("Key", { exact: true }).waitFor();
    const focused = (): Promise<string> =>
      page.evaluate(
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.id + document.activeElement.textContent",
      );
    const tabTo = async (what: RegExp): Promise<void> => {
      for (let press = 0; press < 20; press += 1) {
        await page.keyboard.press("Tab");
        if (what.test(await focused())) return;
      }
      throw new Error(`not reached by Tab: ${String(what)}`);
    };
    await tabTo(/^key/);
    await page.keyboard.type(plain.operatorKey);
    await page.keyboard.press("Enter");
    await page.getByText("code 10").waitFor();
    await tabTo(/^Stop .会計伝票の抽出/);
    const ring: string = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    expect(ring).toBe("solid");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    // Focus goes round in the dialog, whichever way, and never behind it. It ends inside: between its ends it is with
    // the browser's own window for a moment, where Escape need not reach the page.
    for (let press = 0; press < 7; press += 1) {
      await page.keyboard.press(press < 4 ? "Tab" : "Shift+Tab");
      const inside: boolean = await page.evaluate(
        "document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)",
      );
      expect(inside).toBe(true);
    }
    await expect.poll(focused).toMatch(/^reason/);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(focused).toMatch(/^Stop .会計伝票の抽出/);
    await cardOf(page, plain.finance).getByText("running", { exact: true }).waitFor();

    await page.keyboard.press("Enter");
    await dialog.waitFor();
    await tabTo(/^reason/);
    await page.keyboard.type("by hand");
    await page.keyboard.press("Enter");
    await page.getByText("Stopped, and proven at the source").waitFor();
    // Where the answer is.
    await expect.poll(focused).toContain("by hand");
  },
);

test.runIf(hasChromium)("what is asked while the last question still closes is asked", async () => {
  await plain.runToRows(plain.finance);
  const { page } = await somebody();
  await signIn(page, server.url, plain.operatorKey);
  const stop = cardOf(page, plain.finance).getByRole("button", { name: /^Stop/ });
  await stop.click();
  await page.getByRole("dialog").waitFor();
  // The browser tells of the closing after the click, as it does to whoever is quick.
  await stop.evaluate((button) => {
    button.ownerDocument.querySelector("dialog")?.close();
    button.click();
  });
  await page.getByLabel("Reason, for the record").fill("asked twice");
  await page.getByRole("button", { name: "Stop now" }).click();
  await page.getByText("Stopped, and proven at the source").waitFor();
  expect(await page.getByText("asked twice").count()).toBeGreaterThan(0);
});

test.runIf(hasChromium)(
  "axe finds nothing serious, in the light and in the dark, in any state of the page",
  async () => {
    await plain.runToRows(plain.finance);
    for (const dark of [false, true]) {
      const one = await somebody({ dark });
      const { page } = one;
      await page.goto(server.url);
      await page.getByLabel("Key", { exact: true }).fill("ndk_wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").waitFor();
      expect(await one.barriers()).toEqual([]);
      await signIn(page, server.url, plain.operatorKey);
      await page.getByText("code 10").waitFor();
      expect(await one.barriers()).toEqual([]);
      if (!dark) await picture(page, "running-light");
      await page.getByRole("button", { name: "Stop all" }).click();
      await page.getByRole("dialog").waitFor();
      expect(await one.barriers()).toEqual([]);
      await page.context().setOffline(true);
      await page.keyboard.press("Escape");
      await page.getByText("code 20").waitFor();
      expect(await one.barriers()).toEqual([]);
      await page.context().setOffline(false);
      if (!dark) continue;
      await page.getByText("code 10").waitFor();
      await page.getByRole("button", { name: "Stop all" }).click();
      await page.getByRole("button", { name: "Stop now" }).click();
      await page.getByRole("region", { name: "Receipt" }).waitFor();
      expect(await one.barriers()).toEqual([]);
    }
  },
);
