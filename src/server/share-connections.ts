import type { Server } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { Networks } from "../base/networks.ts";
import { callerAddress } from "./caller-address.ts";
import { Quota } from "./places.ts";

/** Connections at once, and of those at most from one address. What comes beyond is closed unheard. */
export const connectionLimits = { most: 1024, mostOfOneAddress: 512 } as const;
/** From so many on a connection that waits for its next request is closed at once. */
const crowded = 512;

/**
 * Keeps some of the server's connections for others than the one who opens many. A proxy that the server was told to
 * trust stands for many callers and may have all.
 */
export function shareConnections(server: Server | TlsServer, trusted: Networks): void {
  server.maxConnections = connectionLimits.most;
  const byAddress = new Quota(connectionLimits.mostOfOneAddress);
  let open = 0;
  server.on("connection", (socket) => {
    const address = callerAddress({ socket: socket.remoteAddress, forwarded: undefined }, trusted);
    const exempt = address === null || trusted.has(address);
    const leave = exempt ? () => undefined : byAddress.take(address);
    if (leave === null) {
      socket.destroy();
      return;
    }
    open += 1;
    socket.once("close", () => {
      open -= 1;
      leave();
    });
    if (open > crowded) server.closeIdleConnections();
  });
}
