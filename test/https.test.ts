/** HTTPS: the certificate that the server makes and keeps, or one from elsewhere, as real clients see it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type SecureVersion } from "node:tls";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { poolEnvironment, readConfig, type ConfigInput } from "../src/config.ts";
import { startNightdesk, type Nightdesk } from "../src/nightdesk.ts";
import { ownCertificate } from "../src/state/index.ts";

const year = 365 * 86_400_000;
let folder: string;
let running: Nightdesk[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-https-"));
  running = [];
});
afterEach(async () => {
  for (const server of running) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(input: Partial<ConfigInput> = {}): Promise<Nightdesk> {
  const config = readConfig({ home: join(folder, "home"), port: 0, httpsPort: 0, ...input }, {});
  const server = await startNightdesk(config, { report: () => {}, poolEnvironment: poolEnvironment({}) });
  running.push(server);
  return server;
}
const httpsOf = ({ https }: Nightdesk): NonNullable<Nightdesk["https"]> => {
  if (https === null) throw new Error("it does not listen for HTTPS");
  return https;
};

/** What curl says of the address: the status, or its own exit code. */
async function curl(url: string, ...options: string[]): Promise<string> {
  const args = ["-q", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", ...options, url];
  return promisify(execFile)("curl", args, { env: {} }).then(
    ({ stdout }) => stdout,
    (error: unknown) => `exit ${String((error as { code: number }).code)}`,
  );
}
const named = (url: string, name: string): string => url.replace(/\/\/[^:]+:/, `//${name}:`);

test("a server makes a certificate for itself: only who trusts it gets an answer, by name and by address", async () => {
  const server = await start();
  const { url, certificateFile, made } = httpsOf(server);
  expect(made).toBe(true);
  const path = `${url}/healthz`;
  expect(await curl(path)).toBe("exit 60");
  expect(await curl(path, "--cacert", certificateFile)).toBe("200");
  expect(await curl(named(path, "localhost"), "--cacert", certificateFile)).toBe("200");
  const elsewhere = named(path, "desk.example");
  const toUs = ["--resolve", `desk.example:${new URL(url).port}:127.0.0.1`, "--cacert", certificateFile];
  expect(await curl(elsewhere, ...toUs)).toBe("exit 60");
  expect(await curl(`${server.url}/healthz`)).toBe("200");
  // The key is not in the home, and nobody else can read it.
  const { mode } = await stat(join(folder, "home.tls-key"));
  expect(mode & 0o777).toBe(0o600);
});

test("it is kept over restarts, and made anew for another name, or when it is about to end", async () => {
  const first = await start();
  const { certificateFile } = httpsOf(first);
  const certificate = await readFile(certificateFile, "utf8");
  await first.stop();
  const second = await start();
  expect(httpsOf(second).made).toBe(false);
  expect(await readFile(certificateFile, "utf8")).toBe(certificate);
  await second.stop();
  const third = await start({ tlsNames: ["desk.example", "192.0.2.7"] });
  expect(httpsOf(third).made).toBe(true);
  const path = `${named(httpsOf(third).url, "desk.example")}/healthz`;
  const toUs = ["--resolve", `desk.example:${new URL(path).port}:127.0.0.1`, "--cacert", certificateFile];
  expect(await curl(path, ...toUs)).toBe("200");
  await third.stop();
  const files = { certificate: certificateFile, key: join(folder, "home.tls-key") };
  const names = ["desk.example"];
  expect((await ownCertificate(files, names, Date.now())).made).toBe(false);
  expect((await ownCertificate(files, names, Date.now() + 2.2 * year)).made).toBe(true);
});

test("nothing older than TLS 1.2 is spoken", async () => {
  const { url } = httpsOf(await start());
  const speak = (version: SecureVersion): Promise<string> =>
    new Promise((resolve) => {
      // Security level 0: this client itself would refuse it else.
      const socket = connect({
        port: Number(new URL(url).port),
        host: "127.0.0.1",
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ciphers: "DEFAULT:@SECLEVEL=0",
      });
      socket.once("secureConnect", () => {
        resolve(socket.getProtocol() ?? "");
        socket.destroy();
      });
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
      socket.once("close", () => socket.destroy());
    });
  expect(await speak("TLSv1.2")).toBe("TLSv1.2");
  expect(await speak("TLSv1.1")).not.toBe("TLSv1.1");
});

test("a certificate from elsewhere is served as it is", async () => {
  const files = { certificate: join(folder, "company.pem"), key: join(folder, "company.key") };
  await ownCertificate(files, ["127.0.0.1"], Date.now());
  const { url, certificateFile } = httpsOf(await start({ tlsCert: files.certificate, tlsKey: files.key }));
  expect(certificateFile).toBe(files.certificate);
  expect(await curl(`${url}/healthz`, "--cacert", files.certificate)).toBe("200");
  expect(await curl(`${named(url, "localhost")}/healthz`, "--cacert", files.certificate)).toBe("exit 60");
});

test("what cannot serve is refused in one line that names the file, and nothing is started", async () => {
  const now = Date.now();
  const one = { certificate: join(folder, "one.pem"), key: join(folder, "one.key") };
  const other = { certificate: join(folder, "other.pem"), key: join(folder, "other.key") };
  const over = { certificate: join(folder, "over.pem"), key: join(folder, "over.key") };
  await ownCertificate(one, ["localhost"], now);
  await ownCertificate(other, ["localhost"], now);
  await ownCertificate(over, ["localhost"], now - 3 * year);
  const text = join(folder, "text.pem");
  await writeFile(text, "CANARY-not-a-key");
  const refusals: [string, string, RegExp][] = [
    [one.certificate, other.key, /other\.key.*is not that of/],
    [over.certificate, over.key, /over\.pem.*is over since/],
    [text, one.key, /text\.pem.*no certificate/],
    [one.certificate, text, /text\.pem.*no private key/],
    [join(folder, "nowhere"), one.key, /nowhere.*ENOENT/],
  ];
  for (const [tlsCert, tlsKey, says] of refusals) {
    const failure = await start({ tlsCert, tlsKey }).catch((error: { line: string }) => error);
    expect((failure as { line: string }).line).toMatch(says);
    expect((failure as { line: string }).line).not.toContain("CANARY");
  }
  expect(() => readConfig({ home: folder, tlsCert: "a", httpsPort: 0 }, {})).toThrow(/go together/);
  expect(() => readConfig({ home: folder, tlsCert: "a", tlsKey: "b" }, {})).toThrow(/no port for HTTPS/);
  expect(() => readConfig({ home: folder, httpsPort: 70_000 }, {})).toThrow(/--https-port takes/);
});

test("with HTTPS on every address, plain HTTP stays on this machine, unless that is accepted", async () => {
  const server = await start({ host: "0.0.0.0" });
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  expect(httpsOf(server).url).toMatch(/^https:\/\/0\.0\.0\.0:/);
  await server.stop();
  expect((await start({ host: "0.0.0.0", insecureHttp: true })).url).toMatch(/^http:\/\/0\.0\.0\.0:/);
});

test("who signs in to the page over HTTPS gets a cookie that never leaves by plain HTTP", async () => {
  const server = await start();
  const { url, certificateFile } = httpsOf(server);
  const signIn = async (...options: string[]): Promise<string> => {
    const key = ["-H", `Authorization: AppKey ${server.newAdminKey ?? ""}`];
    const args = ["-q", "-sS", "-o", "/dev/null", "-D", "-", "-X", "POST", ...key, ...options];
    const { stdout } = await promisify(execFile)("curl", args, { env: {} });
    return /^set-cookie: (.*?)\r$/im.exec(stdout)?.[1] ?? "";
  };
  const cookie = await signIn("--cacert", certificateFile, `${url}/desk/session`);
  expect(cookie).toMatch(/^__Host-nightdesk-session=.*; HttpOnly; SameSite=Strict; Secure$/);
  expect(await signIn(`${server.url}/desk/session`)).toMatch(/^nightdesk-session=.*; SameSite=Strict$/);
});
