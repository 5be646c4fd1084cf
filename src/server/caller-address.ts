import { isIP } from "node:net";
import type { Networks } from "../base/networks.ts";

/** Where a request comes from: the other end of its connection, and what was said on the way about those before it. */
export interface Way {
  /** Absent when the connection is gone. */
  socket: string | undefined;
  /** X-Forwarded-For, if any: the caller's end first. Anybody can write one. */
  forwarded: string | undefined;
}

/**
 * The address of the caller. What was forwarded counts only as far as proxies say it that the server was told to
 * trust: it is read from our end, and the first that is none of them is the caller. null where it cannot be told.
 */
export function callerAddress({ socket, forwarded }: Way, trusted: Networks): string | null {
  if (socket === undefined) return null;
  let caller = inShort(socket);
  const before = forwarded === undefined ? [] : forwarded.split(",").toReversed();
  for (const one of before) {
    if (!trusted.has(caller)) break;
    const next = inShort(one.trim());
    // A proxy that is trusted and says what is no address: nobody knows where the caller is.
    if (isIP(next) === 0) return null;
    caller = next;
  }
  return caller;
}

/** A socket for both families tells an IPv4 address in the form of the other. */
function inShort(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
