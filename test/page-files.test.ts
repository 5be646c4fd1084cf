/** The built page as it is served: small, strict, and nothing in it that is not its own. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "./house/tree.ts";
import { startTestServer, type TestServer } from "./support/nightdesk.ts";
import { buildPage } from "./support/page-scene.ts";

const most = 60 * 1024;
const folder = join(repository, "dist", "page");
let server: TestServer;
let index: string;
let assets: string[];

beforeAll(async () => {
  buildPage();
  index = readFileSync(join(folder, "index.html"), "utf8");
  assets = readdirSync(join(folder, "assets"));
  server = await startTestServer();
});
afterAll(() => server?.stop());

/** As the server sends them: each by itself. */
function compressed(files: Buffer[]): number {
  return files.map((file) => gzipSync(file, { level: 9 }).byteLength).reduce((sum, one) => sum + one, 0);
}

test("all of the page is at most 60 KB, compressed", () => {
  const files = [Buffer.from(index), ...assets.map((name) => readFileSync(join(folder, "assets", name)))];
  expect(files.length).toBeGreaterThanOrEqual(3);
  expect(compressed(files)).toBeLessThanOrEqual(most);
  // The measure finds a page that is too large.
  expect(
    compressed([...files, Buffer.from(Array.from({ length: 60_000 }, () => Math.random()).join())]),
  ).toBeGreaterThan(most);
});

test("the document holds no script, no style and no handler of its own, and names no other host", () => {
  expect(index).toMatch(/<script type="module"[^>]* src="\/assets\/[\w-]+\.js"><\/script>/);
  expect(index).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:/i);
  for (const name of assets) {
    const text = readFileSync(join(folder, "assets", name), "utf8");
    const hosts = [...text.matchAll(/\bhttps?:\/\/([\w.-]+)/g)].map(([, host]) => host);
    // Names of the markup languages, and nothing that is ever asked.
    expect(hosts.filter((host) => host !== "www.w3.org")).toEqual([]);
    expect(text).not.toMatch(/@import|sourceMappingURL|\beval\(|new Function\(/);
  }
});

test("the document is never kept and its parts for ever, all under a policy that lets nothing else through", async () => {
  const page = await server.call("GET", "/", { key: null });
  expect(page.text).toBe(index);
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  const strict = {
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
  };
  expect(Object.fromEntries(page.headers)).toMatchObject({
    ...strict,
    "cache-control": "no-store",
    "content-type": "text/html; charset=utf-8",
  });
  for (const name of assets) {
    const part = await server.call("GET", `/assets/${name}`, { key: null });
    expect(part.status).toBe(200);
    expect(part.text).toBe(readFileSync(join(folder, "assets", name), "utf8"));
    expect(Object.fromEntries(part.headers)).toMatchObject({
      ...strict,
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "gzip",
      vary: "accept-encoding",
    });
  }
  const plain = await fetch(`${server.url}/`, { headers: { "accept-encoding": "identity" } });
  expect([plain.headers.get("content-encoding"), await plain.text()]).toEqual([null, index]);
});

test("nothing else of the disk is served, however it is asked for", async () => {
  for (const path of [
    "/index.html",
    "/assets",
    "/assets/",
    "/assets/none.js",
    "/page/index.html",
    "/favicon.ico",
  ]) {
    expect([path, (await server.call("GET", path, { key: null })).status]).toEqual([path, 404]);
  }
  for (const path of ["/assets/..%2findex.html", "/assets/%2e%2e/index.html", "/assets/..\\index.html"]) {
    const { status } = await server.call("GET", path, { key: null });
    expect([400, 404]).toContain(status);
  }
  expect((await server.call("POST", "/", { key: null })).status).toBe(405);
});
