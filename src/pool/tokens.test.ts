import fc from "fast-check";
import { expect, test } from "vitest";
import { readScript } from "./statements.ts";
import { tokenize } from "./tokens.ts";

const texts = (script: string): string[] => readScript(script).map(({ text }) => text);

test.each([
  ["SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]],
  ["SELECT ';'; SELECT 'a'';b';", ["SELECT ';'", "SELECT 'a'';b'"]],
  ["SELECT E'\\';' ; SELECT e'\\\\'; SELECT 2", ["SELECT E'\\';'", "SELECT e'\\\\'", "SELECT 2"]],
  ["SELECT '\\'; SELECT 2", ["SELECT '\\'", "SELECT 2"]],
  ['SELECT ";" FROM "a"";b"; SELECT 2', ['SELECT ";" FROM "a"";b"', "SELECT 2"]],
  [
    "SELECT $$;$$; SELECT $a$ ; $$ ; $a$; SELECT $ü$;$ü$",
    ["SELECT $$;$$", "SELECT $a$ ; $$ ; $a$", "SELECT $ü$;$ü$"],
  ],
  ["SELECT a$b$ FROM t; SELECT 2", ["SELECT a$b$ FROM t", "SELECT 2"]],
  ["SELECT 1 -- ; ' \r\n, 2; SELECT 2", ["SELECT 1 -- ; ' \r\n, 2", "SELECT 2"]],
  ["SELECT 1 -- ;\r; SELECT 2", ["SELECT 1", "SELECT 2"]],
  ["SELECT /* ; /* ; */ ; */ 1; SELECT 2", ["SELECT /* ; /* ; */ ; */ 1", "SELECT 2"]],
  ["SELECT 1 -/* ; */- 1; SELECT 2", ["SELECT 1 -/* ; */- 1", "SELECT 2"]],
  ["\u3000SELECT\u00a01;\ufeff;;\n", ["SELECT\u00a01"]],
  ["", []],
  ["-- only a comment", []],
])("%j is split where DuckDB would", (script, expected) => {
  expect(texts(script)).toEqual(expected);
});

test("tokens and the gaps between them are the whole script, in order", () => {
  const piece = fc.constantFrom(
    "'a'",
    '"b"',
    "$$c$$",
    "-- d\n",
    "/* e */",
    "f",
    "1.5",
    ";",
    " ",
    "\r\n",
    "(",
    "::",
    "ü",
    "🌙",
    "e'\\''",
    "x'00'",
    "$1",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const script = pieces.join(" ");
      let at = 0;
      for (const { start, end } of tokenize(script)) {
        expect(script.slice(at, start)).toMatch(/^(\s|--[^\n]*\n|\/\*.*?\*\/)*$/u);
        expect(end).toBeGreaterThan(start);
        at = end;
      }
      expect(script.slice(at)).toMatch(/^(\s|--[^\n]*(\n|$)|\/\*.*?\*\/)*$/u);
    }),
  );
});

test.each(["'", '"', "$$", "$a$ $$", "/* /* */", "E'\\'"])(
  "%j never ends, and the error says where it began",
  (open) => {
    expect(() => readScript(`SELECT 1;\n ${open}`)).toThrow(
      /^statement 2, line 2, column 2: .* is not closed$/,
    );
  },
);
