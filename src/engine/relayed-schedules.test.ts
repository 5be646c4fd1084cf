import { expect, test } from "vitest";
import type { ApiKey } from "../model/definitions.ts";
import type { TeamHold, TeamSchedules } from "../model/team.ts";
import { schedulesFor } from "./relayed-schedules.ts";

const at = 1000;
const hold: TeamHold = {
  id: "h",
  scope: "job",
  objectId: "a",
  by: "basis",
  reason: null,
  since: 1,
  until: null,
  note: "watch and stop",
};
const everything: ApiKey = {
  id: "k",
  name: "k",
  prefix: "ndk",
  grants: [],
  hours: null,
  jobs: null,
  addresses: null,
  createdAt: 1,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};

const schedules = (when: number | null): TeamSchedules => ({
  readAt: 1,
  why: null,
  pending: false,
  starts: [
    {
      id: "s",
      name: "S",
      at: when,
      why: when === null ? "by a trigger" : null,
      jobs: ["a", "b"].map((id) => ({ id, name: id, hold: null })),
    },
  ],
});

test.each([
  ["no hold", at, [], []],
  ["a hold on one job", at, [hold], ["a"]],
  ["a hold on the pool", at, [{ ...hold, scope: "pool", objectId: "p" }], ["a", "b"]],
  ["one on a connection, which there is none of there", at, [{ ...hold, scope: "connection" }], []],
  ["one that ends before", at, [{ ...hold, until: at - 1 }], []],
  ["one that ends at that moment", at, [{ ...hold, until: at }], []],
  ["one that ends after", at, [{ ...hold, until: at + 1 }], ["a"]],
  ["nobody knows when it starts: one that ends", null, [{ ...hold, until: at + 1 }], []],
  ["nobody knows when it starts: one without an end", null, [hold], ["a"]],
] as [string, number | null, TeamHold[], string[]][])("%s", (_, when, holds, held) => {
  const [start] = schedulesFor(schedules(when), { key: everything, holds }).starts;
  expect(start?.jobs.flatMap((job) => (job.hold === null ? [] : [job.id]))).toEqual(held);
});

test("what must be known of a hold is handed on, and a key for named jobs hears of no other", () => {
  const key = { ...everything, jobs: ["b"] };
  const holds: TeamHold[] = [{ ...hold, objectId: "b" }];
  expect(schedulesFor(schedules(at), { key, holds }).starts).toMatchObject([
    { name: "S", jobs: [{ id: "b", hold: { id: "h", note: "watch and stop" } }] },
  ]);
  expect(schedulesFor(schedules(at), { key: { ...key, jobs: ["c"] }, holds }).starts).toEqual([]);
});
