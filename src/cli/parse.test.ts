import { expect, test } from "vitest";
import { commands } from "./commands.ts";
import { parse } from "./parse.ts";

const read = (...argv: string[]): ReturnType<typeof parse> => parse(argv, "1.2.3");

test("job and options arrive as text", async () => {
  expect(
    await read("stop", "Finance documents", "--wait", "5", "--execution", "e-1", "--json"),
  ).toMatchObject({
    kind: "run",
    command: { verb: "stop" },
    input: { argument: "Finance documents", options: { wait: "5", execution: "e-1", json: true } },
  });
  expect(await read("status", "--key-file", "key.txt", "--", "--all")).toMatchObject({
    kind: "run",
    input: { argument: "--all", options: { keyFile: "key.txt" } },
  });
});

test("no job and an empty job are not the same", async () => {
  expect(await read("stop")).toMatchObject({ kind: "run", input: { argument: null } });
  expect(await read("stop", "")).toMatchObject({ kind: "run", input: { argument: "" } });
});

test.each([
  [[], "no command given"],
  [["halt"], "unknown command"],
  [["stop", "Finance", "documents"], "too many arguments"],
  [["status", "--wait", "5"], "unknown option"],
  [["stop", "--wait"], "argument missing"],
  [["serve"], "--home"],
  [["go", "Finance documents"], "too many arguments"],
  [["settle", "e-1"], "--because"],
  [["receipt"], "EXECUTION"],
])("%j is a usage error", async (argv, reason) => {
  expect(await read(...argv)).toMatchObject({ kind: "usage", reason: expect.stringContaining(reason) });
});

test("a key on the command line is not offered, and is not repeated", async () => {
  const parsed = await read("status", "--key=CANARY-KEY");
  expect(parsed).toMatchObject({ kind: "usage", next: "see nightdesk status --help" });
  expect(JSON.stringify(parsed)).not.toContain("CANARY");
  expect(commands.flatMap(({ options }) => options).some(({ syntax }) => /^--key[ =]/.test(syntax))).toBe(
    false,
  );
});

test("help and version are answers, with examples that parse", async () => {
  expect(await read("--version")).toEqual({ kind: "text", text: "1.2.3\n" });
  expect(await read("--help")).toMatchObject({
    kind: "text",
    text: expect.stringContaining("40 UNREACHABLE"),
  });
  for (const { verb, examples } of commands) {
    expect(await read(...verb.split(" "), "--help")).toMatchObject({
      kind: "text",
      text: expect.stringContaining(examples[0] ?? "?"),
    });
    for (const example of examples) {
      const [name, ...argv] = (example.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
      expect(name).toBe("nightdesk");
      expect(await read(...argv), example).toMatchObject({ kind: "run", command: { verb } });
    }
  }
});
