/** The fetch of the command over node:http: limits of time and size, and that nothing of a failed call stays. */
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { httpFetch } from "../src/relay/http.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    const connections = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
    expect(connections).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serverThat(answers: (response: ServerResponse, url: string) => void): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    answers(response, request.url ?? "");
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const get = { method: "GET", headers: {}, redirect: "manual" } as const;
const gone = async (): Promise<void> => {
  // The other end hears of a closed connection a moment later.
  const until = Date.now() + 5000;
  const count = (server: Server): Promise<number> =>
    new Promise((resolve) => server.getConnections((_, connections) => resolve(connections)));
  while (
    Date.now() < until &&
    (await Promise.all(servers.map(count))).some((connections) => connections > 0)
  ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test("a whole answer: status, headers, text in UTF-8", async () => {
  const url = await serverThat((response) => {
    response.writeHead(202, { "Content-Type": "text/plain" });
    const bytes = Buffer.from("größer");
    response.write(bytes.subarray(0, 3)); // in the middle of a character
    setTimeout(() => response.end(bytes.subarray(3)), 20);
  });
  const answer = await httpFetch()(url, { ...get, method: "POST", body: "ü" });
  expect([answer.status, answer.headers.get("CONTENT-TYPE"), answer.headers.get("x")]).toEqual([
    202,
    "text/plain",
    null,
  ]);
  expect(await answer.text()).toBe("größer");
  await gone();
});

test("a redirect is an answer; it is not followed", async () => {
  const asked: string[] = [];
  const url = await serverThat((response, path) => {
    asked.push(path);
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  expect((await httpFetch()(url, get)).status).toBe(307);
  expect(asked).toEqual(["/"]);
  await gone();
});

test("no answer, half an answer, too long an answer: an error, and the connection is gone", async () => {
  const silent = await serverThat(() => {});
  await expect(httpFetch({ answerMs: 50 })(silent, get)).rejects.toThrow("no whole answer of 127.0.0.1");
  const dripping = await serverThat((response) => {
    response.write("x");
  });
  await expect(httpFetch({ answerMs: 50 })(dripping, get)).rejects.toThrow("no whole answer");
  const endless = await serverThat((response) => {
    response.write("x".repeat(2000));
  });
  await expect(httpFetch({ mostBytes: 1000 })(endless, get)).rejects.toThrow("longer than 1000 bytes");
  const torn = await serverThat((response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("x", () => response.socket?.destroy());
  });
  await expect(httpFetch()(torn, get)).rejects.toThrow(/closed the connection|aborted|ECONNRESET/);
  await gone();
});

test("an answer to a change may take as long as the wait that was asked for", async () => {
  const slow = await serverThat((response) => void setTimeout(() => response.end("done"), 800));
  const fetch = httpFetch({ answerMs: 500, connectMs: 500, waitMs: 60_000 });
  await expect(fetch(slow, get)).rejects.toThrow("no whole answer");
  expect((await fetch(slow, { ...get, method: "POST" })).status).toBe(200);
  await gone();
});

test("an abort ends the call and its connection", async () => {
  const url = await serverThat(() => stop.abort(new Error("enough")));
  const stop = new AbortController();
  await expect(httpFetch()(url, { ...get, signal: stop.signal })).rejects.toThrow("the call was ended");
  await expect(httpFetch()(url, { ...get, signal: stop.signal })).rejects.toThrow("the call was ended");
  await gone();
});

test("TLS that does not come up within the limit of a connection, or is none", async () => {
  const mute = createTcpServer((socket) => void socket.on("error", () => {}).resume());
  await new Promise<void>((listening) => mute.listen(0, "127.0.0.1", listening));
  const { port } = mute.address() as AddressInfo;
  const url = `https://127.0.0.1:${String(port)}`;
  await expect(httpFetch({ connectMs: 50 })(url, get)).rejects.toThrow("no connection to 127.0.0.1");
  await new Promise((resolve) => mute.close(resolve));
  await expect(httpFetch()(url, get)).rejects.toThrow("ECONNREFUSED");
  const plain = await serverThat((response) => void response.end());
  await expect(httpFetch()(plain.replace("http:", "https:"), get)).rejects.toThrow(
    /wrong version|packet length|EPROTO|SSL/i,
  );
  await gone();
});
