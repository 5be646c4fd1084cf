import { expect, test } from "vitest";
import { z } from "zod";
import { paths } from "../contract/index.ts";
import { checkTable, route } from "./route.ts";

const fine = route({
  method: "GET",
  path: paths.job,
  access: { verb: "view", on: "pool" },
  answer: z.string(),
  operation: ({ ids }) => Promise.resolve(ids.jobId),
});

test("a table of declared routes is served", () => {
  expect(() => {
    checkTable([fine, { ...fine, method: "DELETE" }]);
  }).not.toThrow();
});

test.each<[string, object, RegExp]>([
  ["no access at all", { access: undefined }, /GET .*jobId.*: declares no verb/],
  ["no verb", { access: { on: "pool" } }, /declares no verb/],
  ["a verb that is none", { access: { verb: "look", on: "pool" } }, /declares no verb/],
  ["any key on a pool", { access: { verb: "any", on: "pool" } }, /does not fit/],
  ["a pool's path as the team's", { access: { verb: "any", on: "team" } }, /does not fit/],
  ["an object that is none", { access: { verb: "view", on: "moon" } }, /does not fit/],
  ["a pool that the path does not name", { path: paths.pools }, /does not fit/],
  [
    "a body's pool without a body",
    { path: paths.connections, access: { verb: "edit", on: "pool of body" } },
    /does not fit/,
  ],
])("a route with %s makes the table refuse to start", (_, change, reason) => {
  expect(() => {
    checkTable([{ ...fine, ...change }]);
  }).toThrow(reason);
});

test("a route declared twice is refused", () => {
  expect(() => {
    checkTable([fine, fine]);
  }).toThrow(/declared twice/);
});
