/** A server that answers what a test tells it to, byte for byte, and knows what it was asked. */
import { createServer, type Socket } from "node:net";

/** Bytes of a whole answer, or what becomes of the connection. */
export type Lie = string | typeof hang | typeof reset;
export const hang = Symbol("no answer ever");
export const reset = Symbol("a connection that is reset");

export interface LyingDesk {
  url: string;
  /** `GET /desk/status.txt?pool=...` and so on, in order. */
  asked: string[];
  /** The Authorization of each. */
  keys: (string | undefined)[];
  /** What is answered from now on; called for each request with its line and how many came before. */
  answer: (asked: string, before: number) => Lie;
  stop: () => Promise<void>;
}

export async function startLyingDesk(): Promise<LyingDesk> {
  const open = new Set<Socket>();
  const desk: LyingDesk = { url: "", asked: [], keys: [], answer: () => reset, stop };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => {});
    let request = "";
    socket.on("data", (bytes) => {
      request += bytes.toString("latin1");
      if (!request.includes("\r\n\r\n")) return;
      const line = /^(\S+ \S+) HTTP/.exec(request)?.[1] ?? request;
      const before = desk.asked.length;
      desk.asked.push(line);
      desk.keys.push(/^authorization: (.*)$/im.exec(request)?.[1]?.trim());
      const lie = desk.answer(line, before);
      if (lie === reset) socket.resetAndDestroy();
      else if (lie !== hang) socket.end(lie, "latin1");
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  desk.url = `http://127.0.0.1:${String(typeof address === "object" ? address?.port : "")}`;
  return desk;

  async function stop(): Promise<void> {
    for (const socket of open) socket.destroy();
    await new Promise((closed) => server.close(closed));
  }
}

/** An answer of HTTP as a server sends it; `length`: what it claims of its body. */
export function http(status: number, body: string, { length = body.length, headers = "" } = {}): string {
  return `HTTP/1.1 ${String(status)} X\r\nContent-Length: ${String(length)}\r\nConnection: close\r\n${headers}\r\n${body}`;
}

/** An answer of the desk in its form. */
export function said(word: string, code: number, reason = "told"): string {
  return `NIGHTDESK ${word}\r\n  "Finance" told\r\nCODE ${String(code)} REASON ${reason}\r\n`;
}
