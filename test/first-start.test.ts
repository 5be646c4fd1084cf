/** The first start of a server: its key, and what stands in the way of it. */
import { createServer } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { poolEnvironment, readConfig } from "../src/config.ts";
import { startNightdesk, type Nightdesk } from "../src/nightdesk.ts";
import { caller } from "./support/nightdesk.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-test-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function start(home: string, port: number, adminKey?: string): Promise<Nightdesk> {
  return startNightdesk(readConfig({ home, port, adminKey }, {}), {
    report: () => {},
    poolEnvironment: poolEnvironment(process.env),
  });
}

test("a start that fails keeps no key: the next one makes it and shows it", async () => {
  const home = join(folder, "home");
  const squatter = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  const address = squatter.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(start(home, port)).rejects.toMatchObject({ kind: "conflict" });
  await new Promise((resolve) => squatter.close(resolve));

  const server = await start(home, 0);
  const key = server.newAdminKey ?? "";
  expect(key).toMatch(/^ndk_/);
  expect((await caller(server.url, key)("GET", "/integration/api/pools")).status).toBe(200);
  await server.stop();
  const again = await start(home, 0);
  expect(again.newAdminKey).toBeNull();
  expect((await caller(again.url, key)("GET", "/integration/api/pools")).status).toBe(200);
  await again.stop();
});

test("a given key that is none is refused before anybody could call", async () => {
  await expect(start(join(folder, "home"), 0, "short")).rejects.toMatchObject({
    kind: "invalid",
    line: expect.stringContaining("Use 32 or more random characters"),
  });
});

test("a home that is a file is one line with the next step", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  await expect(start(file, 0)).rejects.toMatchObject({
    line: `open the home (${file}): it cannot be made: EEXIST. Next: name a folder of your own with --home`,
  });
});
