import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { timeText } from "./desk/times.ts";
import { makeKit, refuseExisting, writeKit, type Certificate, type KitFacts } from "./kit/index.ts";
import { UserError } from "./model/errors.ts";
import type { KitHandedOut, KitOrder } from "./cli/context.ts";
import type { Client } from "./sdk/index.ts";

/** Stands for the key while it is not known yet whether the kit can be made. */
const noKey = "not-made-yet";

/**
 * `nightdesk kit`: asks the server for what the kit says, makes a key of its own for it, and writes it. What can be
 * wrong with it is found before there is a key, and where it cannot be written its key is revoked again.
 * @throws UserError with what to do; ClientError where the server says no; an error of the file system.
 */
export async function handOutKit(
  client: Client,
  order: KitOrder,
  { signal }: { signal: AbortSignal },
): Promise<KitHandedOut> {
  await refuseExisting(order.out);
  const { poolId, expiresAt, operatorUrl } = order;
  const { poolName, jobs, settings } = await client.desk.status(poolId, { signal });
  const zone = order.zone ?? settings.zone;
  const times = { zone, hours24to47: zone === settings.zone && settings.hours24to47 };
  const made = timeText(order.now, times);
  const name = `kit for pool ${poolId}, made ${new Date(order.now).toISOString().slice(0, 16)}Z`;
  const factsWith = (key: { key: string; prefix: string }): KitFacts => ({
    language: order.language,
    url: operatorUrl,
    pool: { id: poolId, name: poolName },
    jobs: jobs.map((job) => ({ id: job.id, name: job.name })),
    contact: order.contact ?? settings.contact ?? "",
    key: { name, text: key.key, prefix: key.prefix, expires: timeText(expiresAt, times) },
    made,
    version: order.version,
    certificate: order.certificate === null ? null : certificateIn(order.certificate, new URL(operatorUrl)),
  });
  makeKit(factsWith({ key: noKey, prefix: noKey }));

  const grants = [{ poolId, verbs: ["view" as const, "cancel" as const] }];
  const key = await client.keys.create({ name, grants, expiresAt }, { signal });
  try {
    const files = makeKit(factsWith(key));
    await writeKit(order.out, files, { signal });
    const { id, prefix } = key;
    return {
      poolName,
      jobs: jobs.length,
      files: files.map(({ path }) => path),
      key: { id, prefix, expiresAt },
    };
  } catch (error) {
    await revoke(client, key, error);
    throw error;
  }
}

/** Not with the signal that may have ended the writing: a key that is in nobody's hands is not to stay. */
async function revoke(
  client: Client,
  { id, prefix }: { id: string; prefix: string },
  cause: unknown,
): Promise<void> {
  try {
    await client.keys.revoke(id);
  } catch {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UserError("conflict", `${why}; and its key ${prefix}... could not be revoked`, {
      operation: "make a kit",
      next: `revoke it: DELETE /desk/v1/keys/${id}`,
      cause,
    });
  }
}

function certificateIn(pem: string, { hostname }: URL): Certificate {
  try {
    const certificate = new X509Certificate(pem);
    refuseOtherHost(certificate, hostname);
    // Of a chain the first one; and nothing that may stand around it in the file, a private key above all.
    return { pem: certificate.toString(), thumbprint: certificate.fingerprint.replaceAll(":", "") };
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const next = "give the certificate itself, e.g. HOME/certificate.pem of the server";
    throw new UserError("invalid", "the file of --certificate holds no certificate in PEM", {
      operation: "make a kit",
      next,
      cause,
    });
  }
}

/** A certificate that names hosts is the server's own, and curl refuses it for any other; an authority's names none. */
function refuseOtherHost(certificate: X509Certificate, hostname: string): void {
  if (certificate.subjectAltName === undefined) return;
  const host = hostname.replace(/^\[|\]$/g, "");
  if ((isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined) return;
  throw new UserError(
    "invalid",
    `the certificate is not for ${host}, but for ${certificate.subjectAltName}`,
    {
      operation: "make a kit",
      next: `start the server with --tls-name ${host}, or give the --operator-url that the certificate names`,
    },
  );
}
