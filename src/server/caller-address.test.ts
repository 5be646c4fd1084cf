import { expect, test } from "vitest";
import { Networks } from "../base/networks.ts";
import { callerAddress } from "./caller-address.ts";

const nobody = new Networks([]);
const proxies = new Networks(["127.0.0.1", "10.0.0.0/8", "::1"]);

test.each([
  ["127.0.0.1", undefined, "127.0.0.1"],
  ["127.0.0.1", "203.0.113.9", "203.0.113.9"],
  ["::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"],
  ["::1", "2001:db8::9", "2001:db8::9"],
  ["127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"],
  // What stands before the first that is not trusted, anybody can have written.
  ["127.0.0.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"],
  ["127.0.0.1", "192.0.2.1, 203.0.113.9 , 10.1.1.1", "203.0.113.9"],
  ["127.0.0.1", "10.2.2.2,10.1.1.1", "10.2.2.2"],
  ["203.0.113.9", "192.0.2.1", "203.0.113.9"],
  // Nobody knows.
  ["127.0.0.1", "", null],
  ["127.0.0.1", "unknown", null],
  ["127.0.0.1", "203.0.113.9:4711", null],
  ["127.0.0.1", "192.0.2.1, unknown", null],
  [undefined, "192.0.2.1", null],
])("from %s, forwarded for %s, behind trusted proxies: %s", (socket, forwarded, expected) => {
  expect(callerAddress({ socket, forwarded }, proxies)).toBe(expected);
});

test("without a proxy to trust, what is forwarded says nothing", () => {
  expect(callerAddress({ socket: "127.0.0.1", forwarded: "192.0.2.1" }, nobody)).toBe("127.0.0.1");
  expect(callerAddress({ socket: "::ffff:192.0.2.1", forwarded: undefined }, nobody)).toBe("192.0.2.1");
});
