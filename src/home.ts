import { join } from "node:path";

/** Where a home keeps what: the state inside, the keys beside it, so that a copy of the home opens nothing. */
export function filesOf(home: string): {
  state: string;
  secretKey: string;
  auditKey: string;
  /** Of the certificate that the server makes for itself. */
  tls: { certificate: string; key: string };
} {
  return {
    state: join(home, "state.db"),
    secretKey: `${home}.key`,
    auditKey: `${home}.audit-key`,
    tls: { certificate: join(home, "certificate.pem"), key: `${home}.tls-key` },
  };
}
