import { expect, test } from "vitest";
import { deferred } from "../base/deferred.ts";
import type { DataPool } from "../model/definitions.ts";
import { PoolCache } from "./pool-cache.ts";

const pool: DataPool = { id: "p", name: "P", description: null, createdAt: 0 };

test("reads once until forgotten", async () => {
  let reads = 0;
  const cache = new PoolCache((id) =>
    Promise.resolve(id === "p" ? { ...pool, createdAt: (reads += 1) } : null),
  );
  const status = (): Promise<string> =>
    cache.status("p", () => Promise.resolve(`status ${String((reads += 1))}`));
  expect([await cache.pool("p"), await cache.pool("p")]).toMatchObject([{ createdAt: 1 }, { createdAt: 1 }]);
  expect([await status(), await status()]).toEqual(["status 2", "status 2"]);
  cache.forget("p");
  expect([await cache.pool("p"), await status()]).toMatchObject([{ createdAt: 3 }, "status 4"]);
  expect(await cache.pool("q")).toBeNull();
});

test("a read that began before a change is not kept", async () => {
  const slow = deferred<string>();
  const cache = new PoolCache(() => Promise.resolve(pool));
  const early = cache.status("p", () => slow.promise);
  cache.forget("p");
  slow.resolve("old");
  expect(await early).toBe("old");
  expect(await cache.status("p", () => Promise.resolve("new"))).toBe("new");
});
