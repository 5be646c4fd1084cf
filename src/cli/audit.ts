import { asciiJson, toAscii } from "../base/ascii.ts";
import { codes } from "../desk/index.ts";
import { textOption, UsageError } from "./context.ts";
import type { AuditHead, Input, Run } from "./context.ts";

/** `nightdesk audit verify`: 0 when the chain holds, 20 when it does not or that cannot be told. */
export const run: Run = async (input, { verifyAudit, stdout }) => {
  const home = textOption(input, "home");
  if (home === undefined) throw new UsageError("--home takes a folder");
  const found = await verifyAudit(home, headOption(input));
  const code = found.holds ? 0 : codes.UNKNOWN;
  const reason = found.holds
    ? `${String(found.records)} records, head ${String(found.head.sequence)}:${found.head.hmac}`
    : found.reason;
  if (input.options["json"] === true) {
    const head = found.holds ? found.head : null;
    const record = found.holds ? null : found.record;
    stdout.write(`${asciiJson({ code, holds: found.holds, reason, head, record })}\n`);
  } else {
    stdout.write(`AUDIT ${found.holds ? "HOLDS" : "NOT PROVEN"}: ${toAscii(reason)}\n`);
  }
  return code;
};

function headOption(input: Input): AuditHead | null {
  const text = textOption(input, "head");
  if (text === undefined) return null;
  const [, sequence, hmac] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/i.exec(text) ?? [];
  if (sequence === undefined || hmac === undefined) {
    throw new UsageError("--head takes SEQ:HMAC", "copy it from a line 'audit head SEQ:HMAC' of the server");
  }
  return { sequence: Number(sequence), hmac: hmac.toLowerCase() };
}
