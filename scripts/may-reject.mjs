import { spawnSync } from "node:child_process";

/**
 * Whether this machine lets this user set a firewall that rejects: nft is there, the kernel knows such rules, and
 * takes them from us. Nothing is set: the rules are only checked.
 */
export function mayReject() {
  const rules = [
    "add table inet nightdesk_check",
    "add chain inet nightdesk_check input { type filter hook input priority 0 ; }",
    "add rule inet nightdesk_check input tcp dport 1 counter reject with tcp reset",
    "add rule inet nightdesk_check input tcp dport 1 counter reject with icmpx type port-unreachable",
  ];
  return spawnSync("nft", ["--check", "--file", "-"], { input: rules.join("\n") }).status === 0;
}
