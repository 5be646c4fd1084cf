/** A server with a page, a source, two jobs, and an operator: what the page is looked at with. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { repository } from "../house/tree.ts";
import { makeExtractionJob, makePool, until, type TestServer } from "./nightdesk.ts";
import { createDatabase, type TestDatabase } from "./postgres.ts";
import { makeTables } from "./source-tables.ts";

type Server = Pick<TestServer, "ok" | "call" | "url">;
export type PageJob = Awaited<ReturnType<typeof makeExtractionJob>>;

export interface PageScene {
  source: TestDatabase;
  poolId: string;
  /** Two tables; at 250 rows a second it takes two minutes, however long a browser takes. */
  finance: PageJob;
  /** One table of a hundred rows. */
  orders: PageJob;
  /** May view and cancel. */
  operatorKey: string;
  /** The text of a key with these rights in the pool. */
  key: (...verbs: string[]) => Promise<{ id: string; key: string }>;
  run: (job: PageJob) => Promise<void>;
  /** Runs it and waits until rows come. */
  runToRows: (job: PageJob) => Promise<void>;
  stop: (job: PageJob) => Promise<void>;
}

/** The server shows the page that was built last: it is built, where something of it has changed since. */
export function buildPage(): void {
  execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: repository, stdio: "ignore" });
}

export async function makePageScene(
  server: Server,
  { poolName = "SAP ECC", finance = "Finance documents", orders = "Order to cash" } = {},
): Promise<PageScene> {
  const source = await createDatabase("page");
  await makeTables(source);
  const pool = await makePool(server, source, poolName);
  const { poolId, dataSourceId } = pool;
  const connection = `/integration/api/datasource/POSTGRESQL/${dataSourceId}`;
  const whole = await server.ok("GET", connection);
  await server.ok("PUT", connection, {
    ...whole,
    configuration: { ...whole.configuration, maxRowsPerSecond: 250 },
  });
  const key: PageScene["key"] = (...verbs) =>
    server.ok("POST", "/desk/v1/keys", { name: `night ${verbs.join(" ")}`, grants: [{ poolId, verbs }] });
  const run = async ({ path }: PageJob): Promise<void> => {
    await server.ok("POST", `${path}/execute`, { mode: "FULL" });
  };
  return {
    source,
    poolId,
    finance: await makeExtractionJob(server, pool, finance, ["BKPF", "BSEG"]),
    orders: await makeExtractionJob(server, pool, orders, ["BKPF"]),
    operatorKey: (await key("view", "cancel")).key,
    key,
    run,
    runToRows: async (job) => {
      await run(job);
      await until(async () => {
        const { jobs } = await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
        const row = jobs.find((entry: { id: string }) => entry.id === job.jobId);
        // More than BKPF has: both tables have begun.
        return row.rows > 200 ? row : null;
      });
    },
    stop: async ({ path }) => {
      await server.ok("POST", `${path}/cancel`);
    },
  };
}

/** Signs in as a person does. */
export async function signIn(page: Page, url: string, key: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
}

/** The card of a job. */
export function cardOf(page: Page, { jobId }: PageJob) {
  return page.locator(`[data-job="${jobId}"]`);
}

/** Keeps what the page looks like in docs/page, where NIGHTDESK_SCREENSHOTS asks for it; else leaves the tree as it is. */
export async function picture(page: Page, name: string): Promise<void> {
  if ((process.env["NIGHTDESK_SCREENSHOTS"] ?? "") === "") return;
  const folder = join(repository, "docs", "page");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), await page.screenshot({ fullPage: true }));
}
