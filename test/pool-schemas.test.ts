import { expect, test } from "vitest";
import { openStore } from "./support/pool-store.ts";

test("many runs that begin together make the same schemas without getting in each other's way", async () => {
  const store = await openStore();
  for (let round = 0; round < 20; round += 1) {
    const wanted = Array.from({ length: 16 }, (_, index) =>
      store.ensureSchema(`schema ${String(round)}.${String(index % 2)}`),
    );
    await expect(Promise.all(wanted)).resolves.toHaveLength(16);
  }
  await expect(store.ensureSchema("_nightdesk")).rejects.toMatchObject({ kind: "invalid" });
  await expect(store.ensureSchema("after a refusal")).resolves.toBeUndefined();
});
