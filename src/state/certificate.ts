import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { generate } from "selfsigned";
import { UserError } from "../model/errors.ts";

/** Both in PEM. */
export interface Certificate {
  certificate: string;
  key: string;
}

export interface CertificateFiles {
  certificate: string;
  key: string;
}

const dayMs = 86_400_000;
/** What Apple's and others' clients accept at most of a certificate that a person installed. */
const validDays = 825;
/** Made anew at a start when less is left: whoever trusts it must have time to trust the next. */
const renewDays = 30;

/**
 * A certificate from elsewhere, for instance the company's authority: PEM, the server's own first, then those between.
 * @throws UserError "invalid" naming the file when one cannot be read, is none, is over, or the two do not belong together.
 */
export async function givenCertificate(files: CertificateFiles, now: number): Promise<Certificate> {
  const [certificate, key] = [await textOf(files.certificate), await textOf(files.key)];
  const refuse = (place: string, problem: string): never => {
    throw new UserError("invalid", problem, {
      operation: "read the certificate for HTTPS",
      place,
      next: "name PEM files that belong together with --tls-cert and --tls-key; or neither, and one is made",
    });
  };
  const parsed =
    attempt(() => new X509Certificate(certificate)) ??
    refuse(files.certificate, "it holds no certificate in PEM");
  const privateKey =
    attempt(() => createPrivateKey(key)) ??
    refuse(files.key, "it holds no private key in PEM without a pass phrase");
  if (!parsed.checkPrivateKey(privateKey)) refuse(files.key, `the key is not that of ${files.certificate}`);
  if (Date.parse(parsed.validTo) <= now) refuse(files.certificate, `it is over since ${parsed.validTo}`);
  return { certificate, key };
}

/**
 * A certificate that the server makes for itself and keeps: valid for `names` (of hosts, or addresses), signed by
 * itself, so that each client has to be told to trust it. Made anew if it lacks a name or ends within 30 days.
 */
export async function ownCertificate(
  files: CertificateFiles,
  names: readonly string[],
  now: number,
): Promise<Certificate & { made: boolean }> {
  const kept = await givenCertificate(files, now).catch(() => null);
  if (kept !== null && serves(new X509Certificate(kept.certificate), names, now))
    return { ...kept, made: false };
  const made = await generate([{ name: "commonName", value: (names[0] ?? "nightdesk").slice(0, 64) }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // A client's clock may be a little behind.
    notBeforeDate: new Date(now - dayMs),
    notAfterDate: new Date(now + validDays * dayMs),
    extensions: [
      // As its own authority: that is what Windows and OpenSSL let a person trust.
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  // The key first: a certificate without its key is made anew, a key without its certificate too.
  await replace(files.key, made.private, 0o600);
  await replace(files.certificate, made.cert, 0o644);
  return { certificate: made.cert, key: made.private, made: true };
}

function serves(certificate: X509Certificate, names: readonly string[], now: number): boolean {
  const named = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  return Date.parse(certificate.validTo) - now > renewDays * dayMs && names.every(named);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError("invalid", `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? "error"}`, {
      operation: "read the certificate for HTTPS",
      place: file,
      next: "name a PEM file that this user may read",
    });
  }
}

async function replace(file: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  await writeFile(draft, text, { mode, flush: true });
  await rename(draft, file);
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
