import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";

/** Certificate of `localhost`, good until 2120, its own CA; made for these tests and worth nothing elsewhere. */
export const localhostCertificate = `-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCJnEXfbg9qIWqDq
7YWhPK4assH7q8nOdoUZXO4lJt7XSQ4nTx3TH2qO7+C4BXUrjKOhUBgNwzxuJDSO
4DajXNqjSDBGMA8GA1UdEwEB/wQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0
MB0GA1UdDgQWBBQ6VZwG44LAsE6ROJYgQzxxge2JWjAKBggqhkjOPQQDAgNJADBG
AiEA3tpbpgiZScu9OAJsC8s6/aylfEbzynAH7R21nWI4HCYCIQCao5okh/8hGf/L
Jk6ZiWOCUhPGoNXDRnASmRC8wzDAUw==
-----END CERTIFICATE-----`;
/** Its key, PKCS#8: public, like everything here. */
const localhostKey = createPrivateKey({
  key: Buffer.from(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3Cq0JtxjrvAfPO6ynTp3v+5dPmA5hwYAAECD/Jz8A6GhRANCAAQi" +
      "ZxF324PaiFqg6u2FoTyuGrLB+6vJznaFGVzuJSbe10kOJ08d0x9qju/guAV1K4yjoVAYDcM8biQ0juA2o1za",
    "base64",
  ),
  format: "der",
  type: "pkcs8",
}).export({ format: "pem", type: "pkcs8" });

const sslRequest = 80877103;
const cancelRequest = 80877102;

/** Stands between a client and a PostgreSQL server. */
export interface SourceProxy {
  port: number;
  /** CancelRequests that came in the clear, and inside TLS. */
  cancels: { plain: number; inTls: number };
  /** From now on nothing is passed on and nothing is answered, and every connection stays open. */
  freeze(): void;
  /** As `freeze`, from the first statement of any client on: its login is through, and nobody answers any more. */
  freezeAtStatement(): void;
  /** New connections are passed on again; those that were frozen stay so. */
  heal(): void;
  /** Cuts every connection after `bytes` more bytes from the server. */
  cutAfter(bytes: number): void;
}

/** With `tls` it takes the TLS of the client upon itself; without it refuses TLS, as a server without it does. */
export async function startProxy(
  to: { host: string; port: number },
  { tls = false } = {},
): Promise<SourceProxy> {
  const sockets = new Set<Socket>();
  const cancels = { plain: 0, inTls: 0 };
  let frozen = false;
  let freezesAtStatement = false;
  let left = Number.POSITIVE_INFINITY;

  const passOn = (client: Duplex, first: Buffer): void => {
    const server = track(connect(to));
    if (isRequest(first, cancelRequest)) cancels[client instanceof TLSSocket ? "inTls" : "plain"] += 1;
    server.write(first);
    let lost = false;
    client.on("data", (data: Buffer) => {
      // P: Parse, the first message of a statement with parameters.
      if (freezesAtStatement && data[0] === 0x50) frozen = true;
      lost ||= frozen;
      if (!lost) server.write(data);
    });
    server.on("data", (data) => {
      lost ||= frozen;
      if (lost) return;
      left -= data.length;
      if (left < 0) for (const socket of sockets) socket.destroy();
      else if (!client.write(data)) {
        // The proxy must not be the one that keeps what the client does not take.
        server.pause();
        client.once("drain", () => server.resume());
      }
    });
    // In a network that went dark neither side hears of the other's end.
    client.on("close", () => {
      if (!lost) server.destroy();
    });
    server.on("close", () => client.destroy());
  };
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    return socket;
  };

  const listener = createServer((raw) => {
    track(raw).once("data", (first) => {
      if (frozen) return;
      if (!isRequest(first, sslRequest)) passOn(raw, first);
      else if (!tls) {
        raw.write("N");
        raw.once("data", (next) => passOn(raw, next));
      } else {
        raw.write("S");
        const inside = new TLSSocket(raw, { isServer: true, key: localhostKey, cert: localhostCertificate });
        inside.on("error", () => raw.destroy());
        inside.once("data", (next: Buffer) => passOn(inside, next));
      }
    });
  });
  listener.listen(0, "localhost");
  await once(listener, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
    await once(listener, "close");
  });
  return {
    port: (listener.address() as AddressInfo).port,
    cancels,
    freeze: () => {
      frozen = true;
    },
    freezeAtStatement: () => {
      freezesAtStatement = true;
    },
    heal: () => {
      frozen = freezesAtStatement = false;
    },
    cutAfter: (bytes) => {
      left = bytes;
    },
  };
}

function isRequest(data: Buffer, code: number): boolean {
  return data.length >= 8 && data.readInt32BE(4) === code;
}
