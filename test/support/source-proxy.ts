import { createPrivateKey } from "node:crypto";
import { onTestFinished } from "vitest";
import { openWire, type FaultyWire } from "./faulty-wire.ts";

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
export const localhostKey = createPrivateKey({
  key: Buffer.from(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3Cq0JtxjrvAfPO6ynTp3v+5dPmA5hwYAAECD/Jz8A6GhRANCAAQi" +
      "ZxF324PaiFqg6u2FoTyuGrLB+6vJznaFGVzuJSbe10kOJ08d0x9qju/guAV1K4yjoVAYDcM8biQ0juA2o1za",
    "base64",
  ),
  format: "der",
  type: "pkcs8",
})
  .export({ format: "pem", type: "pkcs8" })
  .toString();

/** A proxy for one test. With `tls` it takes the TLS of the client upon itself; without it refuses TLS, as a server without it does. */
export async function startProxy(
  to: { host: string; port: number },
  { tls = false } = {},
): Promise<FaultyWire> {
  const wire = await openWire(to, tls ? { key: localhostKey, cert: localhostCertificate } : null);
  onTestFinished(() => wire.close());
  return wire;
}
