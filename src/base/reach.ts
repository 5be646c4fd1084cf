import { lookup as ofTheSystem } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/**
 * Addresses that only this machine's own network knows: link-local ones, in every form in which IPv6 carries IPv4, and
 * the others at which machines of a cloud are told their own credentials.
 */
const ownNetwork = new BlockList();
for (const [address, prefix] of [
  ["169.254.0.0", 16],
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
] as const) {
  ownNetwork.addSubnet(address, prefix, "ipv4");
  // As NAT64 and the first form of IPv4 in IPv6 write it; `::ffff:` is looked at as IPv4 anyway.
  for (const carrier of ["64:ff9b::", "::"]) ownNetwork.addSubnet(carrier + address, 96 + prefix, "ipv6");
}
ownNetwork.addSubnet("fe80::", 10, "ipv6");
ownNetwork.addAddress("fd00:ec2::254", "ipv6");

/**
 * Whether a host is written as an address that only this machine's own network knows, in any form that a resolver
 * takes for one (`2852039166`). False for names: what they lead to is known when they are looked up.
 */
export function isOnOwnNetwork(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const canonical =
    isIP(bare) !== 0 || !URL.canParse(`http://${bare}`) ? bare : new URL(`http://${bare}`).hostname;
  const family = isIP(canonical);
  return family !== 0 && ownNetwork.check(canonical, family === 4 ? "ipv4" : "ipv6");
}

/**
 * A lookup for connections that others may direct: a name with such an address, be it one among several, is refused.
 * It is asked for each connection and the connection takes its answer, so that no other answer comes in between.
 */
export function guardedLookup(lookup: LookupFunction = ofTheSystem): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, [], undefined);
      const addresses = typeof found === "string" ? [{ address: found, family: isIP(found) }] : found;
      const [first] = addresses;
      if (first === undefined || addresses.some(({ address }) => isOnOwnNetwork(address))) {
        return callback(new Error(refusedWords(host)), [], undefined);
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** For an address that needs no lookup. @throws Error. */
export function guardAddress(host: string): void {
  if (isOnOwnNetwork(host)) throw new Error(refusedWords(host));
}

function refusedWords(host: string): string {
  return `${host} leads to an address that only this machine's own network knows; nothing is sent there`;
}
