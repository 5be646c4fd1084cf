import fc from "fast-check";
import { expect, test } from "vitest";
import { networkFault, Networks } from "./networks.ts";

const has = (networks: string[], address: string): boolean => new Networks(networks).has(address);

test.each([
  ["192.0.2.7", "192.0.2.7", true],
  ["192.0.2.7", "192.0.2.8", false],
  ["192.0.2.0/24", "192.0.2.255", true],
  ["192.0.2.0/24", "192.0.3.0", false],
  ["192.0.2.0/24", "::ffff:192.0.2.9", true],
  ["192.0.2.0/24", "::FFFF:c000:209", true],
  ["192.0.2.0/24", "0:0:0:0:0:ffff:192.0.2.9", true],
  ["192.0.2.0/24", "::ffff:192.0.3.9", false],
  // An IPv4 address inside an IPv6 one in any other way is somebody else's.
  ["192.0.2.0/24", "::192.0.2.9", false],
  ["192.0.2.0/24", "64:ff9b::192.0.2.9", false],
  ["0.0.0.0/0", "203.0.113.1", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["2001:db8::/32", "2001:db8:ffff::1", true],
  ["2001:db8::/32", "2001:db9::1", false],
  ["2001:DB8::7", "2001:db8:0:0::7", true],
  ["::/0", "2001:db8::1", true],
  // node:net alone lets these in.
  ["::/0", "203.0.113.1", false],
  ["::/0", "::ffff:203.0.113.1", false],
  ["::/80", "203.0.113.1", false],
  ["fe80::/10", "fe80::1%eth0", true],
  ["192.0.2.7", "192.0.2.7 ", false],
  ["192.0.2.7", "", false],
  ["192.0.2.7", "localhost", false],
])("%s has %s: %s", (network, address, expected) => {
  expect(has([network], address)).toBe(expected);
});

test("of several one is enough, and none has nobody", () => {
  expect(has(["192.0.2.7", "2001:db8::/32"], "2001:db8::1")).toBe(true);
  expect(has([], "192.0.2.7")).toBe(false);
});

test.each([
  "",
  "localhost",
  "192.0.2",
  "192.0.2.256",
  "192.0.2.010",
  "192.0.2.0/33",
  "192.0.2.0/",
  "192.0.2.0/-1",
  "192.0.2.0/24/24",
  "192.0.2.0/255.255.255.0",
  " 192.0.2.7",
  "192.0.2.7:80",
  "[2001:db8::1]",
  "2001:db8::/129",
  "2001:db8::/1e1",
  "fe80::1%eth0",
  "::ffff:192.0.2.7",
  "::ffff:192.0.2.0/120",
  "*",
])("%j is no network", (text) => {
  expect(networkFault(text)).toMatch(/^(is|has) /);
  expect(() => new Networks([text])).toThrow(networkFault(text) ?? "");
});

test("a network has what has its first bits", () => {
  const quad = fc.integer({ min: 0, max: 0xff_ff_ff_ff });
  const v4 = (bits: number): string => [24, 16, 8, 0].map((by) => String((bits >>> by) & 0xff)).join(".");
  fc.assert(
    fc.property(
      quad,
      fc.integer({ min: 0, max: 32 }),
      fc.integer({ min: 0, max: 31 }),
      (bits, width, bit) => {
        const other = (bits ^ (1 << (31 - bit))) >>> 0;
        const network = `${v4(bits)}/${String(width)}`;
        expect(networkFault(network)).toBeNull();
        expect(has([network], v4(bits))).toBe(true);
        expect(has([network], v4(other))).toBe(bit >= width);
        expect(has([network], `::ffff:${v4(other)}`)).toBe(bit >= width);
      },
    ),
  );
  const groups = fc.array(fc.integer({ min: 1, max: 0xff_ff }), { minLength: 8, maxLength: 8 });
  const v6 = (parts: number[]): string => parts.map((part) => part.toString(16)).join(":");
  fc.assert(
    fc.property(
      groups,
      fc.integer({ min: 0, max: 128 }),
      fc.integer({ min: 0, max: 127 }),
      (parts, width, bit) => {
        const flipped = (part: number): number => part ^ (1 << (15 - (bit % 16)));
        const other = parts.map((part, index) => (index === Math.floor(bit / 16) ? flipped(part) : part));
        const network = `${v6(parts)}/${String(width)}`;
        expect(networkFault(network)).toBeNull();
        expect(has([network], v6(other))).toBe(bit >= width);
      },
    ),
  );
});
