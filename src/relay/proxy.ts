/** A proxy as the environment names it. */
export interface Proxy {
  url: URL;
  /** Value of Proxy-Authorization; null without a user. Never shown. */
  authorization: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** This machine is reached directly whatever the environment says, as Go's clients do: its keys stay on it. */
const thisMachine = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/i;

/**
 * The proxy for an address, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or in small letters, which come first, as in
 * curl); null: directly. NO_PROXY lists hosts and domains, separated by commas, a port behind a colon where only that
 * one is meant; `*` is every host.
 * @throws Error without the value, which may hold a password.
 */
export function proxyFor(url: URL, env: Environment): Proxy | null {
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const text = env[name.toLowerCase()] || env[name] || "";
  if (
    text === "" ||
    thisMachine.test(url.hostname) ||
    isExcepted(url, env["no_proxy"] || env["NO_PROXY"] || "")
  ) {
    return null;
  }
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(written) ? new URL(written) : null;
  if (proxy === null || !/^https?:$/.test(proxy.protocol) || proxy.hostname === "") {
    throw new Error(`${name} is not an address like http://proxy.example:3128`);
  }
  const user = decodeURIComponent(proxy.username);
  const password = decodeURIComponent(proxy.password);
  const authorization =
    user === "" && password === ""
      ? null
      : `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
  return { url: proxy, authorization };
}

function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = entry, only] = /^(.*?[^:]):(\d+)$/.exec(entry) ?? [];
      if (only !== undefined && only !== port) return false;
      const bare = name.replace(/^\*?\./, "");
      return host === bare || host.endsWith(`.${bare}`);
    });
}
