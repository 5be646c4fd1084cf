import type { IncomingMessage, RequestOptions } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Proxy } from "./proxy.ts";

/**
 * A TLS connection to the host of `url` through the proxy, by CONNECT. Certificates are verified as on a direct way:
 * the proxy sees the name of the host and nothing else.
 * @throws Error that names the proxy, never its password. An aborted signal ends it, with every socket.
 */
export async function openTunnel(
  url: URL,
  { url: proxy, authorization }: Proxy,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const target = `${url.hostname}:${url.port || "443"}`;
  const { request } = proxy.protocol === "https:" ? await import("node:https") : await import("node:http");
  const { connect } = await import("node:tls");
  const { isIP } = await import("node:net");
  // Verified whatever NODE_TLS_REJECT_UNAUTHORIZED says: here and below.
  const options: RequestOptions & { rejectUnauthorized: true } = {
    method: "CONNECT",
    rejectUnauthorized: true,
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    path: target,
    headers: { host: target, ...(authorization === null ? {} : { "proxy-authorization": authorization }) },
    agent: false,
    signal,
  };
  const through = await new Promise<Duplex>((resolve, reject) => {
    const lost = (error: Error): void =>
      reject(new Error(`no way through the proxy ${proxy.host}: ${error.message}`));
    const refused = ({ statusCode = 0 }: IncomingMessage, socket?: Duplex): void => {
      socket?.destroy();
      reject(new Error(`the proxy ${proxy.host} refuses the way to ${target}: HTTP ${String(statusCode)}`));
    };
    request(options)
      .once("connect", (answer, socket) => {
        if (answer.statusCode === 200) resolve(socket);
        else refused(answer, socket);
      })
      .once("response", (answer) => {
        answer.destroy();
        refused(answer);
      })
      .once("error", lost)
      .end();
  });
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const secure = connect({ socket: through, host, ...name, rejectUnauthorized: true });
    const onAbort = (): void => void secure.destroy(new Error("the call was ended"));
    const settle = (): void => signal.removeEventListener("abort", onAbort);
    secure.once("secureConnect", () => {
      settle();
      secure.off("error", onError);
      resolve(secure);
    });
    const onError = (error: Error): void => {
      settle();
      through.destroy();
      reject(error);
    };
    secure.once("error", onError);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
