/** The command in a company's network: a proxy, a certificate of its own, and where a key may not go. Real processes. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { httpFetch } from "../src/relay/http.ts";
import { proxyFor } from "../src/relay/proxy.ts";
import { poolEnvironment, readConfig } from "../src/config.ts";
import { startNightdesk } from "../src/nightdesk.ts";
import type { Nightdesk } from "../src/nightdesk.ts";
import { startCommand } from "./support/cli-process.ts";
import type { Ended } from "./support/cli-process.ts";
import { caller, checked } from "./support/nightdesk.ts";

let folder: string;
let server: Nightdesk;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-network-"));
  const config = readConfig(
    { home: join(folder, "home"), port: 0, httpsPort: 0, tlsNames: ["nightdesk.test"] },
    {},
  );
  server = await startNightdesk(config, { report: () => {}, poolEnvironment: poolEnvironment({}) });
  const key = server.newAdminKey ?? "";
  const { id } = await checked(caller(server.url, key))("POST", "/integration/api/pools", {
    name: "SAP ECC",
  });
  const port = new URL(server.https?.url ?? "").port;
  env = {
    // Only the proxy knows this name.
    NIGHTDESK_URL: `https://nightdesk.test:${port}`,
    NIGHTDESK_POOL: id as string,
    NIGHTDESK_KEY: key,
    NODE_EXTRA_CA_CERTS: server.https?.certificateFile ?? "",
  };
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface TestProxy {
  url: string;
  asked: { line: string; authorization: string | undefined }[];
  /** Everything that went through it, as it was seen on the wire. */
  seen: () => string;
  /** What it says to a CONNECT instead of opening the way. */
  refuse: number | "silence" | null;
}

const proxies: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server: proxy, sockets } of proxies.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => proxy.close(closed));
  }
});

async function startProxy(): Promise<TestProxy> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const state: TestProxy = {
    url: "",
    asked: [],
    seen: () => Buffer.concat(chunks).toString("latin1"),
    refuse: null,
  };
  const proxy = createServer((request, response) => {
    state.asked.push({
      line: `${request.method ?? ""} ${request.url ?? ""}`,
      authorization: request.headers["proxy-authorization"],
    });
    response.writeHead(502).end();
  });
  proxy.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  proxy.on("connect", (request, client: Socket) => {
    state.asked.push({
      line: `CONNECT ${request.url ?? ""}`,
      authorization: request.headers["proxy-authorization"],
    });
    if (state.refuse === "silence") return;
    if (state.refuse !== null) return void client.end(`HTTP/1.1 ${String(state.refuse)} No\r\n\r\n`);
    const onward = connect(Number(request.url?.split(":")[1]), "127.0.0.1");
    sockets.add(onward);
    onward.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("close", () => onward.destroy());
    client.on("data", (chunk: Buffer) => chunks.push(chunk));
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    client.pipe(onward).pipe(client);
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  proxies.push({ server: proxy, sockets });
  state.url = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  return state;
}

const status = (more: Record<string, string>, ...argv: string[]): Promise<Ended> =>
  startCommand(["status", ...argv], { ...env, ...more }).ended;

test("HTTPS through a proxy that asks for a password: it sees the host's name, and neither key nor answer", async () => {
  const proxy = await startProxy();
  const withPassword = proxy.url.replace("://", "://night:CANARY-p%40ss@");
  const answer = await status({ HTTPS_PROXY: withPassword });
  expect(answer).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^NIGHTDESK CLEAR\n/) });
  expect(proxy.asked.length).toBeGreaterThan(0);
  const basic = `Basic ${Buffer.from("night:CANARY-p@ss").toString("base64")}`;
  const host = new URL(env["NIGHTDESK_URL"] ?? "").host;
  expect(new Set(proxy.asked.map(({ line, authorization }) => `${line} ${String(authorization)}`))).toEqual(
    new Set([`CONNECT ${host} ${basic}`]),
  );
  expect(proxy.seen().length).toBeGreaterThan(500);
  expect(proxy.seen()).not.toMatch(/AppKey|ndk_|NIGHTDESK|desk\/v1/);
});

test("a certificate that nobody trusts is refused, through a proxy and without one; with NODE_EXTRA_CA_CERTS it is trusted", async () => {
  const proxy = await startProxy();
  const untrusted = await status({ HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: "" });
  expect(untrusted).toMatchObject({ code: 40, stdout: expect.stringMatching(/certificate/) });
  const direct = { NIGHTDESK_URL: server.https?.url ?? "" };
  expect(await status({ ...direct, NODE_EXTRA_CA_CERTS: "" })).toMatchObject({ code: 40 });
  expect(await status(direct)).toMatchObject({ code: 0, stderr: "" });
  const careless = { NODE_EXTRA_CA_CERTS: "", NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  expect(await status({ ...careless, HTTPS_PROXY: proxy.url })).toMatchObject({ code: 40 });
  expect(await status({ ...careless, ...direct })).toMatchObject({ code: 40 });
  // Its name is checked too: this certificate is not that of another host, whatever the proxy says.
  const other = env["NIGHTDESK_URL"]?.replace("nightdesk.test", "other.test") ?? "";
  expect(await status({ HTTPS_PROXY: proxy.url, NIGHTDESK_URL: other })).toMatchObject({ code: 40 });
  expect(proxy.asked.at(-1)?.line).toContain("CONNECT other.test");
});

test("NO_PROXY, and this machine, are reached directly; without a proxy the name is unknown", async () => {
  const proxy = await startProxy();
  for (const except of ["nightdesk.test", ".test", "*"]) {
    expect(await status({ HTTPS_PROXY: proxy.url, NO_PROXY: except })).toMatchObject({ code: 40 });
  }
  const plain = { NIGHTDESK_URL: server.url, HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  expect(await status(plain)).toMatchObject({ code: 0 });
  expect(proxy.asked).toEqual([]);
});

test("a proxy that refuses, is silent or not there: UNREACHABLE, and the password is not told", async () => {
  const proxy = await startProxy();
  const withPassword = proxy.url.replace("://", "://night:CANARY-pass@");
  proxy.refuse = 407;
  const refused = await status({ HTTPS_PROXY: withPassword });
  expect(refused).toMatchObject({
    code: 40,
    stdout: expect.stringMatching(
      /the proxy 127\.0\.0\.1:\d+ refuses the way to nightdesk\.test:\d+: HTTP 407/,
    ),
  });
  expect(refused.stdout + refused.stderr).not.toContain("CANARY");
  const gone = await status({ HTTPS_PROXY: "http://night:CANARY-pass@127.0.0.1:1" });
  expect(gone).toMatchObject({
    code: 40,
    stdout: expect.stringContaining("no way through the proxy 127.0.0.1:1"),
  });
  const wrong = await status({ HTTPS_PROXY: "socks5://night:CANARY-pass@127.0.0.1:1" });
  expect(wrong).toMatchObject({ code: 40, stdout: expect.stringContaining("HTTPS_PROXY is not an address") });
  expect(gone.stdout + gone.stderr + wrong.stdout + wrong.stderr).not.toContain("CANARY");

  proxy.refuse = "silence";
  const call = { method: "GET", headers: {}, redirect: "manual" } as const;
  const through = { proxy: () => proxyFor(new URL("https://nightdesk.test"), { HTTPS_PROXY: proxy.url }) };
  const fetch = httpFetch({ connectMs: 50, ...through });
  await expect(fetch("https://nightdesk.test/", call)).rejects.toThrow(
    /no connection to nightdesk\.test through the proxy/,
  );
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 20);
  const patient = httpFetch({ connectMs: 60_000, ...through });
  await expect(patient("https://nightdesk.test/", { ...call, signal: stop.signal })).rejects.toThrow(
    /aborted|ended/,
  );
});

test("plain HTTP goes through its proxy with the whole address", async () => {
  const proxy = await startProxy();
  const answer = await status({ NIGHTDESK_URL: "http://nightdesk.test", http_proxy: proxy.url });
  expect(answer.stderr).toContain("warning: the key goes to nightdesk.test over plain HTTP");
  expect(proxy.asked[0]?.line).toBe("GET http://nightdesk.test/desk/v1/about");
});

test.each([
  ["https://a.example", { HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
  ["https://a.example", { HTTPS_PROXY: "p.example:3128" }, "http://p.example:3128/"],
  ["https://a.example", { https_proxy: "http://small:1", HTTPS_PROXY: "http://p:1" }, "http://small:1/"],
  ["https://a.example", { HTTP_PROXY: "http://p:1" }, null],
  ["http://a.example", { HTTPS_PROXY: "http://p:1" }, null],
  ["https://localhost:1", { HTTPS_PROXY: "http://p:1" }, null],
  ["https://[::1]:1", { HTTPS_PROXY: "http://p:1" }, null],
  ["https://a.example", { HTTPS_PROXY: "http://p:1", NO_PROXY: "b.example,example" }, null],
  ["https://a.example", { HTTPS_PROXY: "http://p:1", NO_PROXY: "le" }, "http://p:1/"],
  ["https://a.example", { HTTPS_PROXY: "http://p:1", NO_PROXY: "A.EXAMPLE:443" }, null],
  ["https://a.example:8443", { HTTPS_PROXY: "http://p:1", NO_PROXY: "a.example:443" }, "http://p:1/"],
  ["https://a.example", { HTTPS_PROXY: "http://p:1", NO_PROXY: "*.example" }, null],
  ["https://[fd00::1]", { HTTPS_PROXY: "http://p:1", NO_PROXY: "[fd00::1]" }, null],
])("which proxy: %s with %o", (url, names, proxy) => {
  expect(proxyFor(new URL(url), names)?.url.href ?? null).toBe(proxy);
});

test("a key is taken from standard input, and from nothing else that others could see", async () => {
  const profile = { HOME: folder, NIGHTDESK_PROFILE: "piped", NIGHTDESK_KEY: "" };
  const key = `${env["NIGHTDESK_KEY"] ?? ""}\n`;
  const login = await startCommand(["login", "--url", server.url], { ...env, ...profile }, key).ended;
  expect(login).toMatchObject({ code: 0, stderr: "" });
  const kept = { HOME: folder, NIGHTDESK_PROFILE: "piped" };
  expect(await startCommand(["status"], kept).ended).toMatchObject({ code: 0, stderr: "" });
  const none = await startCommand(["login", "--url", server.url], { HOME: folder }).ended;
  expect(none).toMatchObject({ code: 50, stdout: expect.stringContaining("no key was given") });
});
