import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { openSecretBox, openStateStore } from "../src/state/index.ts";
import { aDataSource, aPool, temporaryHome } from "./support/state-fixtures.ts";

const posix = process.platform !== "win32";

/** The mode bits that let others in; Windows has none. */
function openToOthers(path: string): number {
  return posix ? statSync(path).mode & 0o077 : 0;
}

test("a secret opens for the id it was sealed for, with the same key, after a restart", () => {
  const keyFile = join(temporaryHome(), "below", "secret.key");
  const box = openSecretBox(keyFile);
  for (const secret of ["CANARY-password", "", "日本 \0 \u{1F600}", "x".repeat(10_000)]) {
    const sealed = box.seal("id-1", secret);
    expect(sealed).toMatch(/^v1\.[A-Za-z0-9_-]+$/);
    expect(openSecretBox(keyFile).open("id-1", sealed)).toBe(secret);
    expect(box.seal("id-1", secret)).not.toBe(sealed);
  }
  expect(statSync(keyFile).size).toBe(32);
  expect(openToOthers(keyFile)).toBe(0);
  expect(readdirSync(join(keyFile, ".."))).toEqual(["secret.key"]);
});

test("swapped, changed or foreign cipher texts do not open, and the error tells nothing", () => {
  const home = temporaryHome();
  const box = openSecretBox(join(home, "a.key"));
  const sealed = box.seal("id-1", "CANARY-password");
  const foreign = openSecretBox(join(home, "b.key")).seal("id-1", "CANARY-password");
  const wrong: [string, string][] = [
    ["id-2", sealed],
    ["id-1", box.seal("id-2", "CANARY-password")],
    ["id-1", foreign],
    ["id-1", sealed.replace("v1.", "v2.")],
    ["id-1", `${sealed}=`],
    ["id-1", `${sealed} `],
    ["id-1", sealed.slice(0, -1)],
    ["id-1", "v1."],
    ["id-1", ""],
    ["id-1", "CANARY-password"],
  ];
  for (const [boundTo, text] of wrong) {
    const error = caught(() => box.open(boundTo, text));
    expect(error.message).toMatch(/^a stored secret does not open/);
    expect(error.cause).toBeUndefined();
    expect(`${error.message}${String(error.stack)}`).not.toMatch(/CANARY-|v1\./);
  }
});

test("no single changed character opens", () => {
  const box = openSecretBox(join(temporaryHome(), "secret.key"));
  const sealed = box.seal("id", "CANARY-password");
  fc.assert(
    fc.property(
      fc.nat(sealed.length - 1),
      fc.constantFrom("A", "Z", "a", "z", "0", "9", "-", "_", ".", "!"),
      (at, char) => {
        fc.pre(sealed[at] !== char);
        expect(() => box.open("id", sealed.slice(0, at) + char + sealed.slice(at + 1))).toThrow(
          /does not open/,
        );
      },
    ),
  );
});

test.runIf(posix)("a key file that others may read is refused with the way out", () => {
  const keyFile = join(temporaryHome(), "secret.key");
  openSecretBox(keyFile);
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(keyFile, mode);
    expect(caught(() => openSecretBox(keyFile))).toMatchObject({
      name: "UserError",
      kind: "denied",
      next: `chmod 600 '${keyFile}'`,
    });
  }
  chmodSync(keyFile, 0o400);
  openSecretBox(keyFile);
});

test("a damaged key file is refused and kept", () => {
  const keyFile = join(temporaryHome(), "secret.key");
  openSecretBox(keyFile);
  truncateSync(keyFile, 31);
  expect(caught(() => openSecretBox(keyFile))).toMatchObject({ name: "UserError", kind: "invalid" });
  writeFileSync(keyFile, "");
  expect(caught(() => openSecretBox(keyFile))).toMatchObject({ kind: "invalid" });
  expect(statSync(keyFile).size).toBe(0);
});

test("no file of the home holds a password in plain text, and none is open to others", async () => {
  const home = temporaryHome();
  const box = openSecretBox(join(home, "secret.key"));
  const store = await openStateStore(join(home, "state.db"));
  const pool = aPool();
  await store.insertPool(pool);
  const source = aDataSource(pool.id);
  await store.insertDataSource({ ...source, sealedPassword: box.seal(source.id, "CANARY-first") });
  await store.updateDataSource({ ...source, sealedPassword: box.seal(source.id, "CANARY-second") });
  const other = aDataSource(pool.id, { id: newId(), name: "other" });
  await store.insertDataSource({ ...other, sealedPassword: box.seal(other.id, "CANARY-third") });

  const look = (): void => {
    const files = readdirSync(home);
    expect(files).toContain("state.db");
    for (const file of files) {
      const path = join(home, file);
      expect(readFileSync(path).includes("CANARY-")).toBe(false);
      expect({ file, open: openToOthers(path) }).toEqual({ file, open: 0 });
    }
  };
  look();
  const [one, two] = await store.dataSources(pool.id);
  expect(box.open(source.id, one?.sealedPassword ?? "")).toBe("CANARY-second");
  expect(() => box.open(source.id, two?.sealedPassword ?? "")).toThrow(/does not open/);
  await store.close();
  look();
});

function caught(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}
