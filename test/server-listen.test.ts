/** What only shows on a real socket: targets, hosts, sizes, and the end of the server. */
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listen, type Listening } from "../src/server/index.ts";
import { openDeskApp, type DeskApp } from "./support/desk-app.ts";

let desk: DeskApp;
let server: Listening;

beforeEach(async () => {
  desk = await openDeskApp();
  server = await listen(desk.app, { host: "127.0.0.1", port: 0 });
});
afterEach(async () => {
  await server.close();
  await desk.close();
});

/** Everything the server answers to these bytes before it or we end the connection. */
async function raw(lines: string[], body = ""): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8");
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  for await (const chunk of socket) text += String(chunk);
  return text;
}
const bodyOf = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

test("a request comes through, with its body and without a header that says too much", async () => {
  const headers = { authorization: `Bearer ${desk.adminKey}` };
  const made = await fetch(`${server.url}/integration//api/pools/`, {
    method: "POST",
    headers,
    body: '{"name":"Real"}',
  });
  expect([made.status, await made.json()]).toEqual([200, expect.objectContaining({ name: "Real" })]);
  expect(made.headers.get("cache-control")).toBe("no-store");
  expect(made.headers.get("x-powered-by")).toBeNull();
});

test.each([
  ["two hosts", ["GET /healthz HTTP/1.1", "Host: a", "Host: b"]],
  ["no host", ["GET /healthz HTTP/1.1"]],
  ["a host that is none", ["GET /healthz HTTP/1.1", "Host: a b@c/d?"]],
  ["an empty host", ["GET /healthz HTTP/1.1", "Host: "]],
  ["a line that is no request", ["GET /api cloud HTTP/1.1", "Host: a"]],
  ["a method that is none", ["BREW /healthz HTTP/1.1", "Host: a"]],
  ["a header that is none", ["GET /healthz HTTP/1.1", "Host: a", "no colon"]],
  ["TLS", ["\u0016\u0003\u0001"]],
  ["an absolute target", ["GET http://evil.example/healthz HTTP/1.1", "Host: a"]],
  ["a dot segment", ["GET /api/../healthz HTTP/1.1", "Host: a"]],
  ["an encoded dot segment", ["GET /api/%2e%2e/healthz HTTP/1.1", "Host: a"]],
  ["a backslash", ["GET /api\\cloud HTTP/1.1", "Host: a"]],
  ["an encoded slash", ["GET /api%2Fcloud HTTP/1.1", "Host: a"]],
  [
    "a length and chunks",
    ["POST /integration/api/pools HTTP/1.1", "Host: a", "Content-Length: 4", "Transfer-Encoding: chunked"],
  ],
])("%s is refused in the contract's words", async (_, lines) => {
  const answer = await raw(lines);
  expect(statusOf(answer)).toBe(400);
  expect(answer).toMatch(/^content-type: application\/json\r$/im);
  expect(answer).toMatch(/^cache-control: no-store\r$/im);
  expect(bodyOf(answer)).toEqual({
    errors: [expect.objectContaining({ error: expect.stringMatching(/\.$/) })],
  });
});

test("what is unreadable after a whole request on the same connection has an answer of its own", async () => {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.setEncoding("utf8");
  socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.endsWith('{"status":"ok"}')) socket.end("garbage\r\n\r\n");
  }
  const [, ok, refused] = text.split("HTTP/1.1 ");
  expect([ok?.slice(0, 3), refused?.slice(0, 3)]).toEqual(["200", "400"]);
});

test("the same request without the fault passes", async () => {
  expect(statusOf(await raw(["GET /healthz HTTP/1.1", "Host: a", "Connection: close"]))).toBe(200);
});

test("headers over the limit are a 431, TRACE a 405 or 501, a large body a 413", async () => {
  const long = await raw(["GET /healthz HTTP/1.1", "Host: a", `X: ${"x".repeat(9000)}`]);
  expect([statusOf(long), bodyOf(long)]).toEqual([431, expect.objectContaining({ status: 431 })]);
  const expecting = await raw(["POST /healthz HTTP/1.1", "Host: a", "Expect: 200-ok", "Content-Length: 0"]);
  expect([statusOf(expecting), bodyOf(expecting)]).toEqual([417, expect.objectContaining({ status: 417 })]);
  expect([400, 405, 501]).toContain(
    statusOf(await raw(["TRACE /healthz HTTP/1.1", "Host: a", "Connection: close"])),
  );
  const head = [
    "POST /integration/api/pools HTTP/1.1",
    "Host: a",
    `Authorization: AppKey ${desk.adminKey}`,
    "Content-Length: 2000000",
  ];
  expect(statusOf(await raw(head, "{"))).toBe(413);
});

test("a taken port is one line that names it", async () => {
  const { port } = new URL(server.url);
  await expect(listen(desk.app, { host: "127.0.0.1", port: Number(port) })).rejects.toMatchObject({
    kind: "conflict",
    line: expect.stringContaining(`127.0.0.1:${port}`),
  });
});

test("after close nothing is answered, and closing twice is harmless", async () => {
  await fetch(`${server.url}/healthz`);
  await Promise.all([server.close(), server.close()]);
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow("fetch failed");
});
