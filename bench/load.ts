/**
 * A process that asks one address over kept connections, each asking again as soon as it is answered, and counts.
 * On bare sockets: a client as dear as the server would measure itself. Every answer must be 200 and the expected
 * bytes. Takes questions, gives answers.
 */
import { connect, type Socket } from "node:net";

export interface LoadQuestion {
  url: string;
  key: string;
  /** What every answer must hold. */
  body: string;
  connections: number;
  seconds: number;
}

export interface LoadAnswer {
  requestsPerSecond: number;
  /** Median time from a request to the last byte of its answer. */
  p50Ms: number;
}

process.on("message", (question: LoadQuestion) => {
  load(question).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));

async function load(question: LoadQuestion): Promise<LoadAnswer> {
  const { connections, seconds } = question;
  const waits: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1000;
  await Promise.all(Array.from({ length: connections }, () => keepAsking(question, until, waits)));
  const taken = (performance.now() - began) / 1000;
  waits.sort((a, b) => a - b);
  return { requestsPerSecond: waits.length / taken, p50Ms: waits[waits.length >> 1] ?? Number.NaN };
}

/** One connection. Resolves when its last answer is read. */
async function keepAsking({ url, key, body }: LoadQuestion, until: number, waits: number[]): Promise<void> {
  const { hostname, port, pathname, host } = new URL(url);
  const request = Buffer.from(
    `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: AppKey ${key}\r\nconnection: keep-alive\r\n\r\n`,
  );
  const expected = Buffer.from(body);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  try {
    await new Promise<void>((resolve, reject) => {
      let asked = 0;
      let pending = Buffer.alloc(0);
      const ask = (): void => {
        asked = performance.now();
        socket.write(request);
      };
      socket.once("connect", ask);
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the server closed a connection under load")));
      socket.on("data", (data) => {
        pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
        const head = pending.indexOf("\r\n\r\n");
        if (head < 0 || pending.length < head + 4 + expected.length) return;
        const now = performance.now();
        if (!isExpected(pending, head, expected)) {
          reject(new Error(`unexpected answer: ${pending.toString("utf8", 0, 400)}`));
          return;
        }
        pending = Buffer.alloc(0);
        waits.push(now - asked);
        if (now < until) ask();
        else resolve();
      });
    });
  } finally {
    end(socket);
  }
}

function isExpected(answer: Buffer, head: number, body: Buffer): boolean {
  return (
    answer.subarray(0, 12).toString("latin1") === "HTTP/1.1 200" && answer.subarray(head + 4).equals(body)
  );
}

function end(socket: Socket): void {
  socket.removeAllListeners("close");
  socket.destroy();
}
