/** A real Chromium, and people in front of it. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { source as axeSource } from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { onTestFinished } from "vitest";

/** The one that CHROMIUM names, else the machine's; null where there is none. Nothing is downloaded. */
const chromiumPath: string | null = findChromium();

/** Where there is none, tests that need it are skipped; test/allowed-skips.json names them. */
export const hasChromium = chromiumPath !== null;

function findChromium(): string | null {
  const given = process.env["CHROMIUM"];
  if (given !== undefined && given !== "") return given;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  return null;
}

export async function startBrowser(): Promise<Browser> {
  if (chromiumPath === null) throw new Error("there is no Chromium here: set CHROMIUM, or install chromium");
  // Its own sandbox does not work for root.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath: chromiumPath, args: [...args, "--disable-dev-shm-usage"] });
}

export interface Visitor {
  page: Page;
  /** What the page may never do: break its policy, fail, or ask anybody but its server. One line each. */
  faults: string[];
  /** Every text that the page showed at any moment since it was loaded. */
  shown: () => Promise<string[]>;
  /** Everything that is there to be read now. */
  text: () => Promise<string>;
  /** What axe finds that is serious or critical, one line each. */
  barriers: () => Promise<string[]>;
}

export interface Eyes {
  locale?: string;
  width?: number;
  height?: number;
  dark?: boolean;
  timezoneId?: string;
}

/** Somebody with a browser of their own; gone when the test is over. */
export async function visitor(
  browser: Browser,
  { locale = "en-GB", width = 1000, height = 900, dark = false, timezoneId = "Asia/Tokyo" }: Eyes = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    locale,
    timezoneId,
    viewport: { width, height },
    deviceScaleFactor: 1,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  // The end of a wait that never ends is the time-out of the test.
  page.setDefaultTimeout(0);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`the page failed: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|^POLICY/.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    const own = page.url() === "about:blank" ? host : new URL(page.url()).host;
    if (host !== own || !protocol.startsWith("http")) faults.push(`asks elsewhere: ${request.url()}`);
  });
  await page.addInitScript(`
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error("POLICY " + event.violatedDirective + " " + event.blockedURI);
    });
    window.shown = [];
    new MutationObserver(() => {
      const text = document.body?.innerText ?? "";
      if (window.shown.at(-1) !== text) window.shown.push(text);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  `);
  return {
    page,
    faults,
    shown: async () => await page.evaluate("window.shown"),
    text: () => page.locator("body").innerText(),
    barriers: async () => {
      await page.evaluate(axeSource);
      type Found = { id: string; impact: string; nodes: { html: string }[] };
      const { violations } = await page.evaluate<{ violations: Found[] }>("axe.run({ preload: false })");
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    },
  };
}
