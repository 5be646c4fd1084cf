/** A probe over HTTP, before a server that is honest or lies. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { ProbeLook } from "../src/model/probe.ts";
import { httpProbe, type Expected } from "../src/probes/index.ts";
import { never } from "./support/source-reading.ts";
import { localhostCertificate, localhostKey } from "./support/source-proxy.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

async function serve(answer: Answer, tls = false): Promise<{ port: number; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request);
    answer(response, request);
  };
  const server = tls
    ? createSecureServer({ key: localhostKey, cert: localhostCertificate }, listener)
    : createServer(listener);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(async () => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  });
  return { port: (server.address() as AddressInfo).port, requests };
}

const header = { name: "Authorization", value: "Bearer CANARY-token" };

interface Asked {
  pointer?: string;
  expect?: Expected;
  url?: string;
  ca?: string | null;
  limitMs?: number;
  signal?: AbortSignal;
}

async function look(port: number, asked: Asked = {}): Promise<ProbeLook> {
  const { pointer = "/active", expect: expected = [], ca = null, limitMs = 10_000, signal = never } = asked;
  const url = asked.url ?? `http://127.0.0.1:${String(port)}/jobs`;
  const told = await httpProbe({ url, pointer, expect: expected, header, ca }, { limitMs }).look({ signal });
  expect(JSON.stringify(told)).not.toContain("CANARY-");
  return told;
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify(body));

test.each<[body: unknown, asked: Asked, told: object]>([
  [{ active: [] }, {}, { clear: true }],
  [[], { pointer: "" }, { clear: true }],
  [{ active: 0 }, { expect: 0 }, { clear: true }],
  [{ active: "IDLE" }, { expect: "IDLE" }, { clear: true }],
  [{ d: { "a/b": [{}, { "~n": 0 }] } }, { pointer: "/d/a~1b/1/~0n", expect: 0 }, { clear: true }],
  [{ active: [{ job: "BERTA" }, "C"] }, {}, { clear: false, found: ['{"job":"BERTA"}', '"C"'] }],
  [{ active: [header.value] }, {}, { clear: false, found: ['"***"'] }],
  [{ active: 3 }, { expect: 0 }, { clear: false, found: ["3 at /active"] }],
  [{ active: "BUSY" }, { expect: "IDLE" }, { clear: false, found: ["BUSY"] }],
  [{ active: "idle" }, { expect: "IDLE" }, { clear: false, found: ["idle"] }],
  // Empty of another kind than was expected is no answer to the question.
  [{ active: null }, {}, { unknown: "/active of the answer is no list" }],
  [{ active: "" }, {}, { unknown: "/active of the answer is no list" }],
  [{ active: 0 }, {}, { unknown: "/active of the answer is no list" }],
  [{ active: {} }, {}, { unknown: "/active of the answer is no list" }],
  [{}, {}, { unknown: "/active of the answer is no list" }],
  [[], { pointer: "/length", expect: 0 }, { unknown: "/length of the answer is no count" }],
  [{ d: [[]] }, { pointer: "/d/00" }, { unknown: "/d/00 of the answer is no list" }],
  [{ active: [] }, { expect: 0 }, { unknown: "/active of the answer is no count" }],
  [{ active: "0" }, { expect: 0 }, { unknown: "/active of the answer is no count" }],
  [{ active: false }, { expect: 0 }, { unknown: "/active of the answer is no count" }],
  [{ active: -1 }, { expect: 0 }, { unknown: "/active of the answer is no count" }],
  [{}, { pointer: "/__proto__", expect: "IDLE" }, { unknown: "/__proto__ of the answer is no text" }],
  [
    {},
    { pointer: "/constructor/name", expect: "Object" },
    { unknown: "/constructor/name of the answer is no text" },
  ],
])("an answer %j, asked %j", async (body, asked, told) => {
  const { port } = await serve(json(body));
  expect(await look(port, asked)).toMatchObject(told);
});

const clear = '{"active":[]}';

test.each<[what: string, answer: Answer, why: string]>([
  ["a login page with 200", (response) => void response.end("<html>log in</html>"), "the answer is no JSON"],
  ["nothing", (response) => void response.end(), "the answer is no JSON"],
  ["204", (response) => void response.writeHead(204).end(), "HTTP 204"],
  ["201 with a clear body", json({ active: [] }, 201), "HTTP 201"],
  ["401 with a clear body", json({ active: [] }, 401), "HTTP 401"],
  ["500 with a clear body", json({ active: [] }, 500), "HTTP 500"],
  ["206, a part", json({ active: [] }, 206), "HTTP 206"],
  ["an answer that a cache had kept", json({ active: [] }, 200, { age: "30" }), "an old one"],
  [
    "a body that is cut",
    (response) => {
      response.writeHead(200, { "content-length": "100" }).write(clear);
      setImmediate(() => response.socket?.destroy());
    },
    "",
  ],
  [
    "a chunked body that is cut",
    (response) => {
      response.write(clear);
      setImmediate(() => response.socket?.destroy());
    },
    "",
  ],
  ["a closed connection", (response) => void response.socket?.destroy(), "socket hang up"],
  [
    "more than is read",
    (response) => void response.end(`{"active":[],"x":"${"x".repeat(1024 * 1024)}"}`),
    "longer than is read",
  ],
])("%s is unknown", async (_what, answer, why) => {
  const { port } = await serve(answer);
  const told = await look(port);
  expect(told).toHaveProperty("unknown");
  expect("unknown" in told && told.unknown).toContain(why);
});

test("a redirect to a clear answer is not followed, and the header goes nowhere else", async () => {
  const elsewhere = await serve(json({ active: [] }));
  const location = `http://127.0.0.1:${String(elsewhere.port)}/jobs`;
  const { port, requests } = await serve(json({ active: [] }, 302, { location }));
  expect(await look(port)).toEqual({ unknown: "HTTP 302 where 200 is expected" });
  expect(elsewhere.requests).toEqual([]);
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([header.value]);
  expect(requests.map(({ method, url }) => `${method ?? ""} ${url ?? ""}`)).toEqual(["GET /jobs"]);
});

test("one that says nothing, or a little again and again, is unknown within its time", async () => {
  const silent = await serve(() => {});
  expect(await look(silent.port, { limitMs: 300 })).toEqual({ unknown: "no whole answer within 0.3 s" });
  const drip = await serve((response) => {
    response.write('{"active":[');
    const timer = setInterval(() => response.write(" "), 20);
    response.once("close", () => clearInterval(timer));
  });
  expect(await look(drip.port, { limitMs: 300 })).toEqual({ unknown: "no whole answer within 0.3 s" });
});

test("a look that is given up rejects with the reason", async () => {
  const ending = new AbortController();
  const reason = new Error("Ctrl-C");
  const { port } = await serve(() => ending.abort(reason));
  await expect(look(port, { signal: ending.signal })).rejects.toBe(reason);
  await expect(look(port, { signal: ending.signal })).rejects.toBe(reason);
});

test("a certificate that nobody vouches for, or of another name, is unknown", async () => {
  const { port, requests } = await serve(json({ active: [] }), true);
  const url = `https://localhost:${String(port)}/jobs`;
  const ca = localhostCertificate;
  expect(await look(port, { url, ca })).toMatchObject({ clear: true });
  expect(requests).toHaveLength(1);
  expect(await look(port, { url })).toHaveProperty("unknown");
  const byAddress = `https://127.0.0.1:${String(port)}/jobs`;
  expect(await look(port, { url: byAddress, ca })).toHaveProperty("unknown");
  expect(requests).toHaveLength(1);
});

test("nobody there is unknown", async () => {
  expect(await look(1)).toHaveProperty("unknown");
});
