/** A firewall of the kernel before one port of this machine. Needs the right to set one: see scripts/may-reject.mjs. */
import { execFileSync } from "node:child_process";

/** How a packet is turned away: by a TCP reset, as "nobody listens there", or as "forbidden here". */
export type Rejection = "tcp reset" | "icmpx type port-unreachable" | "icmpx type admin-prohibited";

export interface Firewall {
  /** Packets turned away so far. */
  rejected(): number;
  /** All passes again. Safe to call twice. */
  lift(): void;
}

/**
 * Turns away whatever is sent to `port`, of open connections too, but for what comes from the ports of `except`.
 * What is sent from it passes.
 * @throws where rules may not be set.
 */
export function rejectAt(
  port: number,
  how: Rejection,
  { except = [] }: { except?: readonly number[] } = {},
): Firewall {
  const table = `inet nightdesk_test_${String(process.pid)}_${String(port)}`;
  const others = except.length === 0 ? "" : `tcp sport != { ${except.join(", ")} }`;
  // The port leaves its set by itself: should this process be killed, nothing stays rejected.
  nft(`add table ${table}
    add set ${table} ports { type inet_service ; flags timeout ; }
    add element ${table} ports { ${String(port)} timeout 10m }
    add chain ${table} input { type filter hook input priority 0 ; }
    add rule ${table} input tcp dport @ports ${others} counter reject with ${how}`);
  let lifted = false;
  return {
    rejected: () => Number(/counter packets (\d+)/.exec(nft(`list chain ${table} input`))?.[1]),
    lift: () => {
      if (!lifted) nft(`delete table ${table}`);
      lifted = true;
    },
  };
}

/** All of it or nothing; what it prints. */
function nft(commands: string): string {
  return execFileSync("nft", ["--file", "-"], { input: commands, encoding: "utf8", stdio: "pipe" });
}
