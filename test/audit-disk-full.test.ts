/** The disk of a home is full for real: a tmpfs that the test fills. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditPage } from "../src/contract/index.ts";
import { verifyHome } from "../src/verify-home.ts";
import { startTestServer, until } from "./support/nightdesk.ts";

/** To mount takes a right that not every machine gives. */
const mayMount = process.platform === "linux" && process.getuid?.() === 0;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nightdesk-full-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(!mayMount)(
  "a full disk refuses actions and no stop, and what was done then is written when there is room",
  async () => {
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]).status).toBe(0);
    try {
      await fillAndEmpty(join(folder, "home"));
    } finally {
      // Lazily: the driver lets a file go only when its memory is collected.
      spawnSync("umount", ["-l", folder]);
    }
  },
);

async function fillAndEmpty(home: string): Promise<void> {
  const server = await startTestServer({ home });
  const { id } = await server.ok("POST", "/integration/api/pools", { name: "before" });
  const pool = `/integration/api/pools/${id}`;
  const { id: jobId } = await server.ok("POST", `${pool}/jobs`, { name: "Finance" });
  const filled = fill(folder);
  expect(filled.length).toBeGreaterThan(10);

  const refused = await server.call("PUT", pool, { body: { name: "after" } });
  expect([refused.status, refused.json.detail]).toEqual([503, expect.stringContaining("SQLITE_FULL")]);
  expect((await server.ok("GET", pool)).name).toBe("before");
  const stop = await server.ok("POST", `/desk/v1/pools/${id}/jobs/${jobId}/stop`, {});
  expect(stop.outcome).toBe("WAS NOT RUNNING");

  for (const file of filled) rmSync(file);
  const late = await until(async () => {
    const { records }: AuditPage = await server.ok("GET", "/desk/v1/audit?limit=1000");
    const written = records.filter((record) => record.late);
    return written.length === 3 ? written : null;
  });
  expect(late.map(({ phase, deed, status }) => [phase, deed, status])).toEqual([
    ["denied", null, 503],
    ["asked", "stop", null],
    ["done", "stop", 200],
  ]);
  expect((await server.ok("PUT", pool, { name: "after" })).name).toBe("after");
  await server.stop();
  expect(verifyHome(home)).toMatchObject({ holds: true });
}

/** Files that together take all the room there is. */
function fill(place: string): string[] {
  const files: string[] = [];
  for (;;) {
    const file = join(place, `filling-${String(files.length)}`);
    files.push(file);
    try {
      writeFileSync(file, Buffer.alloc(4096));
    } catch {
      return files;
    }
  }
}
