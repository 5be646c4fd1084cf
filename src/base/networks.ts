import { BlockList, isIP } from "node:net";

/** Where an IPv6 socket shows its IPv4 callers. */
const mapped = new BlockList();
mapped.addSubnet("::ffff:0:0", 96, "ipv6");

const widest = { 4: 32, 6: 128 } as const;

/**
 * Addresses and networks as people write them: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. The families are
 * apart: `::/0` is every IPv6 address and no IPv4 one, whichever way a socket spells that.
 */
export class Networks {
  readonly #v4 = new BlockList();
  readonly #v6 = new BlockList();

  /** @throws Error for a text that `networkFault` has something against. */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const network = parsed(text);
      if (typeof network === "string") throw new Error(`${text}: ${network}`);
      const { address, prefix, family } = network;
      if (family === 4) this.#v4.addSubnet(address, prefix, "ipv4");
      else this.#v6.addSubnet(address, prefix, "ipv6");
    }
  }

  /** False for what is no address, too. */
  has(address: string): boolean {
    // The zone of a link-local address names an interface of this machine, not a caller.
    const bare = address.replace(/%.*$/, "");
    switch (isIP(bare)) {
      case 4:
        return this.#v4.check(bare, "ipv4");
      case 6:
        return (mapped.check(bare, "ipv6") ? this.#v4 : this.#v6).check(bare, "ipv6");
      default:
        return false;
    }
  }
}

/** What is wrong with a text that should be an address or a network; null: nothing. */
export function networkFault(text: string): string | null {
  const network = parsed(text);
  return typeof network === "string" ? network : null;
}

function parsed(text: string): { address: string; prefix: number; family: 4 | 6 } | string {
  const [address = "", width, ...more] = text.split("/");
  const family = address.includes("%") ? 0 : isIP(address);
  if ((family !== 4 && family !== 6) || more.length > 0) {
    return "is neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/32";
  }
  if (family === 6 && mapped.check(address, "ipv6")) {
    return "is an IPv4 address in IPv6 form: write it as IPv4";
  }
  const prefix = width === undefined ? widest[family] : Number(width);
  if (width !== undefined && (!/^\d{1,3}$/.test(width) || prefix > widest[family])) {
    return `has a width that is not 0 to ${String(widest[family])}`;
  }
  return { address, prefix, family };
}
