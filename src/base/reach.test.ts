import type { LookupFunction } from "node:net";
import { expect, test } from "vitest";
import { guardAddress, guardedLookup, isOnOwnNetwork } from "./reach.ts";

test.each([
  "169.254.169.254",
  "169.254.0.1",
  "2852039166",
  "0xa9fea9fe",
  "169.254.43518",
  "::ffff:169.254.169.254",
  "[::ffff:a9fe:a9fe]",
  "::169.254.169.254",
  "64:ff9b::169.254.169.254",
  "fe80::1",
  "fe80::1%eth0",
  "[febf::1]",
  "fd00:ec2::254",
  "100.100.100.200",
  "168.63.129.16",
])("%s is on this machine's own network, and refused", (host) => {
  expect(isOnOwnNetwork(host)).toBe(true);
  expect(() => guardAddress(host)).toThrow("own network");
});

test.each([
  "127.0.0.1",
  "::1",
  "10.0.0.1",
  "169.253.255.255",
  "169.255.0.1",
  "fec0::1",
  "fd00::1",
  "64:ff9b::10.0.0.1",
  "::",
  "team.example",
  "169.254.169.254.example",
  "",
])("%s is not", (host) => {
  expect(isOnOwnNetwork(host)).toBe(false);
});

type Said = { error: Error | null; found: unknown; family: number | undefined };

const asked = (lookup: LookupFunction, host: string, all: boolean): Promise<Said> =>
  new Promise((resolve) =>
    lookup(host, { all }, (error, found, family) => resolve({ error, found, family })),
  );

test.each([true, false])(
  "the system's own lookup is asked, and what it finds is checked; all: %s",
  async (all) => {
    const guarded = guardedLookup();
    const here = await asked(guarded, "localhost", all);
    const [first] = all ? (here.found as { address: string }[]) : [{ address: here.found }];
    expect([here.error, first?.address]).toEqual([null, expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/)]);
    // A form of an address that only the resolver reads.
    const there = await asked(guarded, "2852039166", all);
    expect(there.error?.message).toContain(
      "2852039166 leads to an address that only this machine's own network knows",
    );
    expect((await asked(guarded, "no-such-name.invalid", all)).error).toHaveProperty("code");
  },
);

test.each([true, false])("one such address among others is enough; all: %s", async (all) => {
  const of = (...addresses: string[]): LookupFunction =>
    guardedLookup((_host, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      ),
    );
  expect((await asked(of("192.0.2.7", "169.254.1.1"), "x", all)).error).not.toBe(null);
  expect((await asked(of("fe80::1"), "x", all)).error).not.toBe(null);
  expect((await asked(of(), "x", all)).error).not.toBe(null);
  expect((await asked(of("192.0.2.7", "192.0.2.8"), "x", all)).error).toBe(null);
});
