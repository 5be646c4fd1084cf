import { connect, type Socket } from "node:net";
import { connect as secure, type ConnectionOptions } from "node:tls";

/** What a CancelRequest needs: the address the session really has, and the key its backend gave it. */
export interface CancelKey {
  address: string;
  port: number;
  pid: number;
  secret: number;
  /** TLS as the session uses it; null without. */
  tls: ConnectionOptions | null;
}

/**
 * Asks the server, over a connection of its own, to give up the session's statement. Resolves when the server
 * has closed that connection, or after `limitMs`; never rejects. PostgreSQL answers nothing: whether it helped
 * is seen in its list of sessions.
 */
export function cancelRequest(key: CancelKey, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: key.address, port: key.port });
    const limit = setTimeout(() => socket.destroy(), limitMs);
    // A socket that failed closes too; the loop that verifies does the rest.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(limit);
      resolve();
    });
    socket.once("connect", () => {
      if (key.tls === null) send(socket, key);
      else sendSecurely(socket, key, key.tls);
    });
  });
}

function send(socket: Socket, { pid, secret }: CancelKey): void {
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80877102, 4); // the code of a CancelRequest
  message.writeInt32BE(pid, 8);
  message.writeInt32BE(secret, 12);
  // Without reading, the server's end of the connection is never noticed.
  socket.resume();
  socket.write(message);
}

function sendSecurely(socket: Socket, key: CancelKey, tls: ConnectionOptions): void {
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(80877103, 4); // the code of an SSLRequest
  socket.once("data", (answer) => {
    if (answer.toString("latin1") !== "S") {
      socket.destroy();
      return;
    }
    const inside = secure({ ...tls, socket }, () => {
      send(inside, key);
    });
    inside.on("error", () => socket.destroy());
    inside.on("close", () => socket.destroy());
  });
  socket.write(request);
}
