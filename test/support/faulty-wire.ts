/** A proxy between Nightdesk and a PostgreSQL that does what networks do. Knows nothing of the test that holds it. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

/**
 * `pass`: as if it were not there. `blackhole`: what is open stays open and silent, what comes is accepted and
 * silent. `refuse`: what comes is cut as soon as it speaks; before that a client may not even know that it was let in. `slow`: the server's bytes come at so many a second.
 */
export type Weather = "pass" | "blackhole" | "refuse" | { slow: number };
/** `second`: the connections that look (application_name `nightdesk-control`). `first`: all others, cancel requests too. */
export type Part = "first" | "second";
const bothParts: readonly Part[] = ["first", "second"];

/** Stands between a client and a PostgreSQL server. */
export interface FaultyWire {
  port: number;
  /** The clients' own ports of what is open. */
  clientPorts(part: Part): number[];
  /** CancelRequests that came in the clear, and inside TLS. */
  cancels: { plain: number; inTls: number };
  /** From now on, for open and new connections; without `part` for all. */
  turn(weather: Weather, part?: Part): void;
  /** Resets (RST) every open connection. */
  reset(part?: Part): void;
  /** Resets every connection after `bytes` more bytes from the server, once. */
  cutAfter(bytes: number): void;
  /** A blackhole from the first statement of any client on, whose login is through; resolves then. What is open never heals. */
  darkAtStatement(): Promise<void>;
  /** All passes again: what a blackhole held back too. */
  heal(): void;
  close(): Promise<void>;
}

const sslRequest = 80877103;
const cancelRequest = 80877102;

interface Pair {
  part: Part;
  raw: Socket;
  client: Duplex;
  server: Socket;
  /** One side is gone, and a blackhole keeps it from the other. */
  halfGone: boolean;
  /** It never heals. */
  lost: boolean;
}

/** With `tls` it takes the TLS of the client upon itself; without it refuses TLS, as a server without it does. */
export async function openWire(
  to: { host: string; port: number },
  tls: { key: string; cert: string } | null = null,
): Promise<FaultyWire> {
  const sockets = new Set<Socket>();
  const pairs = new Set<Pair>();
  const cancels = { plain: 0, inTls: 0 };
  const weather: Record<Part, Weather> = { first: "pass", second: "pass" };
  let left = Number.POSITIVE_INFINITY;
  let darkens: (() => void) | null = null;

  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    return socket;
  };
  const resetAll = (part?: Part): void => {
    for (const pair of pairs) if (part === undefined || pair.part === part) cut(pair);
  };

  const begin = (raw: Socket, client: Duplex, first: Buffer): void => {
    const part: Part = first.includes("nightdesk-control") ? "second" : "first";
    if (isRequest(first, cancelRequest)) cancels[client instanceof TLSSocket ? "inTls" : "plain"] += 1;
    if (weather[part] === "refuse") {
      raw.resetAndDestroy();
      return;
    }
    const pair: Pair = { part, raw, client, server: track(connect(to)), halfGone: false, lost: false };
    const { server } = pair;
    pairs.add(pair);
    const silent = (): boolean => weather[part] === "blackhole";
    const passOn = (): void => {
      if (!silent()) server.write(first);
      else raw.once("heal", passOn);
    };
    passOn();
    client.on("data", (data: Buffer) => {
      // P: Parse, the first message of a statement with parameters.
      if (darkens !== null && data[0] === 0x50) {
        turn("blackhole");
        for (const open of pairs) open.lost = true;
        darkens();
      } else server.write(data);
    });
    server.on("data", (data) => {
      left -= data.length;
      if (left < 0) {
        left = Number.POSITIVE_INFINITY;
        resetAll();
        return;
      }
      const now = weather[part];
      const more = client.write(data);
      if (typeof now === "object") {
        server.pause();
        setTimeout(
          () => {
            if (!silent()) server.resume();
          },
          (data.length / now.slow) * 1000,
        ).unref();
      } else if (!more) {
        // The proxy must not be the one that keeps what the client does not take.
        server.pause();
        client.once("drain", () => {
          if (!silent()) server.resume();
        });
      }
    });
    const over = (): void => {
      if (silent() || pair.lost) pair.halfGone = true;
      else {
        pairs.delete(pair);
        raw.destroy();
        server.destroy();
      }
    };
    raw.on("close", over);
    server.on("close", over);
    if (silent()) hush(pair);
  };

  const listener = createServer((raw) => {
    track(raw).once("data", (first) => {
      if (!isRequest(first, sslRequest)) begin(raw, raw, first);
      else if (tls === null) {
        raw.write("N");
        raw.once("data", (next) => begin(raw, raw, next));
      } else {
        raw.write("S");
        const inside = new TLSSocket(raw, { isServer: true, ...tls });
        inside.on("error", () => raw.destroy());
        inside.once("data", (next: Buffer) => begin(raw, inside, next));
      }
    });
  });
  listener.listen(0, "localhost");
  await once(listener, "listening");

  const turn = (to: Weather, part?: Part): void => {
    for (const one of part === undefined ? bothParts : [part]) weather[one] = to;
    for (const pair of pairs) {
      if (pair.lost || (part !== undefined && pair.part !== part)) continue;
      if (to === "blackhole") hush(pair);
      else if (pair.halfGone) cut(pair);
      else {
        pair.raw.emit("heal");
        pair.client.resume();
        pair.server.resume();
      }
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    clientPorts: (part) =>
      [...pairs].flatMap((pair) => (pair.part === part ? (pair.raw.remotePort ?? []) : [])),
    cancels,
    turn,
    reset: resetAll,
    cutAfter: (bytes) => {
      left = bytes;
    },
    darkAtStatement: () =>
      new Promise((dark) => {
        darkens = dark;
      }),
    heal: () => {
      darkens = null;
      turn("pass");
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };

  function cut(pair: Pair): void {
    pairs.delete(pair);
    pair.raw.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
}

/** Nothing is read any more, so both ends run into full buffers, as they would on a dead line. */
function hush({ client, server }: Pair): void {
  client.pause();
  server.pause();
}

function isRequest(data: Buffer, code: number): boolean {
  return data.length >= 8 && data.readInt32BE(4) === code;
}
