/** The server dies and comes back, or is cut off, while people look at the page. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasChromium, startBrowser, visitor, type Visitor } from "./support/browser.ts";
import { until } from "./support/nightdesk.ts";
import { buildPage, cardOf, makePageScene, picture, signIn, type PageScene } from "./support/page-scene.ts";
import { quietPort } from "./support/quiet-port.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";

const adminKey = "CANARY-admin-key-of-the-page-that-is-long-enough";

let browser: Browser;
let home: string;
let server: ServerProcess;
let scene: PageScene;

beforeAll(async () => {
  if (!hasChromium) return;
  buildPage();
  browser = await startBrowser();
  home = join(await mkdtemp(join(tmpdir(), "nightdesk-test-")), "home");
  // It comes back at the same address.
  server = await startServerProcess(home, adminKey, {}, await quietPort());
  scene = await makePageScene(server);
});

afterAll(async () => {
  await browser?.close();
  await server?.end("SIGTERM");
  await scene?.source.end();
  if (home !== undefined) await rm(join(home, ".."), { recursive: true, force: true });
});

const unknown = async ({ page }: Visitor): Promise<void> => {
  await page.getByRole("heading", { level: 1, name: /No connection to Nightdesk/ }).waitFor();
  await page.getByText("UNKNOWN", { exact: true }).waitFor();
  await page.getByText("code 20").waitFor();
};

test.runIf(hasChromium)(
  "a connection that is lost is UNKNOWN at once, never an old CLEAR, and comes back by itself",
  async () => {
    const one = await visitor(browser, { width: 390, height: 844, dark: true });
    const { page, faults } = one;
    await signIn(page, server.url, scene.operatorKey);
    await page.getByText("code 0").waitFor();

    // Killed: nothing more comes, and the page knows at once.
    const port = Number(new URL(server.url).port);
    await server.end("SIGKILL");
    await unknown(one);
    expect(await page.getByText("CLEAR", { exact: true }).count()).toBe(0);
    expect(await page.getByText("code 0").count()).toBe(0);
    // Its age goes on.
    const ago = async (): Promise<number> => Number.parseInt(await page.locator(".ago").innerText(), 10);
    await until(async () => ((await ago()) >= 3 ? true : null));
    await picture(page, "lost-phone");

    // Another server on the same home, whoever was signed in still is.
    server = await startServerProcess(home, adminKey, {}, port);
    await page.getByText("code 0").waitFor();
    await page.getByText("CLEAR", { exact: true }).waitFor();
    expect(faults).toEqual([]);
  },
);

test.runIf(hasChromium)(
  "a network that is silent, and a stop into it, are what they are: not known",
  async () => {
    const one = await visitor(browser);
    const { page } = one;
    await signIn(page, server.url, scene.operatorKey);
    await scene.run(scene.finance);
    const stop = cardOf(page, scene.finance).getByRole("button", { name: /^Stop/ });
    await stop.waitFor();

    // Nobody says that it is gone: the server stands still, and its port is open.
    server.child.kill("SIGSTOP");
    try {
      await unknown(one);
    } finally {
      server.child.kill("SIGCONT");
    }
    await page.getByText("code 10").waitFor();

    await page.context().setOffline(true);
    await unknown(one);
    await stop.click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop now" }).click();
    await page.getByRole("alert").getByText("it is not known whether it arrived").waitFor();
    expect(await one.text()).not.toMatch(/\bstopped\b/i);
    await page.context().setOffline(false);
    await page.getByText("code 10").waitFor();
    await stop.click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop now" }).click();
    await page.getByText("Stopped, and proven at the source").waitFor();
    expect(one.faults).toEqual([]);
  },
);

test.runIf(hasChromium)(
  "a page that fails, or is told nonsense, shows nothing that could be believed",
  async () => {
    const one = await visitor(browser);
    const { page } = one;
    await signIn(page, server.url, scene.operatorKey);
    await page.getByText("code 0").waitFor();
    const answer = (body: string) =>
      page.route("**/events", (route) =>
        route.fulfill({ status: 200, contentType: "text/event-stream", body }),
      );
    // A proxy with a page of its own.
    await answer("<html>data: sign in here</html>\n\n");
    await page.reload();
    await unknown(one);
    await page.unroute("**/events");
    // An event of which a part is of the wrong form, found only when it is drawn.
    const night = {
      poolName: "x",
      sentAt: 1,
      asOf: 1,
      partial: false,
      verdict: { word: "CLEAR", code: 0 },
      jobs: [{}],
      holds: null,
    };
    await answer(`data: ${JSON.stringify(night)}\n\n`);
    await page.reload();
    await page.getByRole("alert").getByText("This page failed").waitFor();
    expect(await page.getByText("CLEAR", { exact: true }).count()).toBe(0);
  },
);
