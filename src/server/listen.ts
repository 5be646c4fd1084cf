import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { newId } from "../base/ids.ts";
import { Networks } from "../base/networks.ts";
import { UserError } from "../model/errors.ts";
import type { App } from "./app.ts";
import { callerAddress } from "./caller-address.ts";
import { answerUnreadable } from "./client-error.ts";
import { refusal, validation } from "./errors.ts";
import { pathOf, refusedPath } from "./path.ts";
import { shareConnections } from "./share-connections.ts";

const limits = {
  /** Time for the headers, and for the whole request; an answer may take longer. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5000,
  maxHeaderSize: 8 * 1024,
  // Refused here, with a body that says so.
  requireHostHeader: false,
};
/** What a Host header may look like: a name or an address, and a port. */
const hostHeader = /^([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?$/;

export interface Listening {
  /** Base URL with the real port. */
  url: string;
  /** Takes no new connection, gives running requests `graceMs`, then cuts them. Harmless twice. */
  close(graceMs?: number): Promise<void>;
}

export interface Place {
  host: string;
  port: number;
  /** Certificate and its key, in PEM: HTTPS. Without: plain HTTP. */
  tls?: { certificate: string; key: string };
  /** Addresses and networks whose X-Forwarded-For is believed; absent: nobody's. */
  trustedProxies?: readonly string[];
}

/**
 * Serves the app on an address; port 0 takes any.
 * @throws UserError naming the address when it is taken or not this machine's.
 */
export async function listen(app: App, { host, port, tls, trustedProxies = [] }: Place): Promise<Listening> {
  const trusted = new Networks(trustedProxies);
  const answer = getRequestListener((request, { incoming, outgoing }) => {
    const forwarded = incoming.headers["x-forwarded-for"];
    const way = { socket: incoming.socket.remoteAddress, forwarded: forwarded?.toString() };
    const caller = { requestId: newId(), address: callerAddress(way, trusted) };
    outgoing.setHeader("x-request-id", caller.requestId);
    return app.fetch(request, caller);
  });
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const refused = refusedTarget(request);
    if (refused === null) void answer(request, response);
    else void refuse(response, validation([refused]));
  };
  const server =
    tls === undefined
      ? createServer(limits, listener)
      : createTlsServer({ ...limits, cert: tls.certificate, key: tls.key, minVersion: "TLSv1.2" }, listener);
  server.on("clientError", (error, socket) => {
    void answerUnreadable(socket, error);
  });
  server.on("checkExpectation", (_, response) => {
    const detail = "Of Expect only 100-continue is understood.";
    void refuse(response, refusal(newId(), 417, "Expectation failed.", detail, "GENERAL_EXPECTATION"));
  });
  shareConnections(server, trusted);
  await bind(server, host, port);
  let closed: Promise<void> | null = null;
  return {
    url: urlOf(server, tls === undefined ? "http" : "https"),
    close: (graceMs = 2000) => (closed ??= closeGracefully(server, app, graceMs)),
  };
}

/** What Node lets through and two readers could understand in two ways. */
function refusedTarget(request: IncomingMessage): Parameters<typeof validation>[0][number] | null {
  const refused = (attribute: string, error: string) => {
    const errorCode = attribute === "path" ? "GENERAL_PATH_REFUSED" : "GENERAL_HOST_REFUSED";
    return { attribute, error, errorCode, additionalInfo: null };
  };
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length !== 1) return refused("host", "A request has exactly one Host header.");
  if (!hostHeader.test(request.headers.host ?? "")) {
    return refused("host", "The Host header is not a name or an address with a port.");
  }
  const target = request.url ?? "";
  const reason = target.startsWith("/") ? refusedPath(pathOf(target)) : "The request target is not a path.";
  return reason === null ? null : refused("path", reason);
}

async function refuse(response: ServerResponse, answer: Response): Promise<void> {
  const body = await answer.text();
  response.writeHead(answer.status, {
    ...Object.fromEntries(answer.headers),
    "x-request-id": newId(),
    "content-length": Buffer.byteLength(body),
    connection: "close",
  });
  response.end(body);
}

async function bind(server: Server | TlsServer, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const taken = error.code === "EADDRINUSE";
      reject(
        new UserError(
          taken ? "conflict" : "invalid",
          taken ? "The port is taken." : `The address cannot be used (${error.code ?? "error"}).`,
          {
            operation: "listen for HTTP or HTTPS",
            place: `${host}:${String(port)}`,
            next: taken
              ? "Stop what listens there, or choose another port (0 for any)."
              : "Choose another address or port.",
            cause: error,
          },
        ),
      );
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

function urlOf(server: Server | TlsServer, scheme: "http" | "https"): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${String(port)}`;
}

async function closeGracefully(server: Server | TlsServer, app: App, graceMs: number): Promise<void> {
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  try {
    const ended = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    server.closeIdleConnections();
    await app.close();
    await ended;
  } finally {
    clearTimeout(cut);
  }
}
