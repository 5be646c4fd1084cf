import fc from "fast-check";
import { expect, test } from "vitest";
import type { TaskVariable } from "../model/definitions.ts";
import type { PlannedTask } from "../model/execution.ts";
import { piecesOf } from "./placeholders.ts";
import type { Run } from "./run.ts";
import { TaskTexts } from "./variables.ts";

function constant(placeholder: string, value: string, changes: Partial<TaskVariable> = {}): TaskVariable {
  return {
    id: placeholder,
    taskId: "task",
    name: "a name that is no placeholder",
    placeholder,
    description: null,
    type: "PRIVATE_CONSTANT",
    dataType: "STRING",
    value,
    defaultValue: null,
    greatestOf: null,
    ...changes,
  };
}

/** Texts of a task with constants only: they need nothing of the run. */
function textsWith(...variables: TaskVariable[]): TaskTexts {
  const task: PlannedTask = {
    id: "task",
    name: "t",
    type: "TRANSFORMATION",
    position: 1,
    statement: null,
    tables: [],
    variables,
  };
  return new TaskTexts({} as Run, task);
}

const fragment = fc.constantFrom("<", "%", ">", "=", "%>", "<%", "'", " ", "\n", "a", "$&", "\\", "ä😀");
/** A text that holds no placeholder and begins none at its end. */
const plain = fc
  .array(fragment, { maxLength: 8 })
  .map((parts) => parts.join(""))
  .filter((text) => !text.includes("<%=") && !/<%?$/.test(text));
const blanks = fc.constantFrom("", " ", "  ", "\t", "\n ");
const placeholder = fc.constantFrom(
  "x",
  "max_id",
  "__proto__",
  "constructor",
  "toString",
  "a b",
  "ä",
  "<%=",
  "1",
);
const value = fc.oneof(fc.string(), fc.constantFrom("<%=x%>", "<%= max_id %>", "'", "''", "$&", "%>", "<%="));

test("what is put in is the value and nothing else, whatever it holds, and the rest of the text stays", async () => {
  await fc.assert(
    fc.asyncProperty(
      plain,
      fc.array(fc.record({ name: placeholder, before: blanks, after: blanks, behind: plain }), {
        maxLength: 6,
      }),
      fc.dictionary(placeholder, value),
      async (start, rest, values) => {
        const known = new Map(Object.entries(values));
        for (const { name } of rest) if (!known.has(name)) known.set(name, `value of ${name}`);
        const texts = textsWith(...[...known].map(([name, text]) => constant(name, text)));
        const text =
          start + rest.map((one) => `<%=${one.before}${one.name}${one.after}%>${one.behind}`).join("");
        const expected = (as: (text: string) => string): string =>
          start + rest.map((one) => as(known.get(one.name) ?? "") + one.behind).join("");
        expect(await texts.statement(text)).toBe(expected((one) => one));
        expect(await texts.filter(text)).toBe(expected((one) => `'${one.replace(/'/g, "''")}'`));
      },
    ),
    { numRuns: 2000 },
  );
});

test.each(["x", "__proto__", "constructor", "toString", "hasOwnProperty", "", "1+1", "x.y"])(
  "a placeholder without a variable is named and nothing is evaluated: %j",
  async (name) => {
    await expect(textsWith(constant("other", "1")).statement(`SELECT <%= ${name} %>`)).rejects.toMatchObject({
      code: "VARIABLE_RESOLVING_ERROR",
      message: `there is no variable for <%= ${name} %>`,
    });
  },
);

test("case and the name of the variable do not count, its placeholder does", async () => {
  const texts = textsWith(constant("Year", "2024", { name: "year", dataType: "INT" }));
  expect(await texts.filter("gjahr = <%=Year%>")).toBe("gjahr = 2024");
  await expect(texts.filter("gjahr = <%=year%>")).rejects.toMatchObject({ code: "VARIABLE_RESOLVING_ERROR" });
});

test.each([
  ["INT", " 154821 "],
  ["INT", "-7"],
  ["DOUBLE", "-1.5e+10"],
  ["DOUBLE", ".5"],
] as const)("%s %j stands without quotes", async (dataType, text) => {
  expect(await textsWith(constant("n", text, { dataType })).filter("n > <%= n %>")).toBe(`n > ${text}`);
});

test.each([
  ["INT", "1.5"],
  ["INT", "1 OR 1=1"],
  ["INT", ""],
  ["INT", "1\n--"],
  ["DOUBLE", "1e"],
  ["DOUBLE", "Infinity"],
  ["DOUBLE", "0x10"],
] as const)("%s %j is no number, and is refused", async (dataType, text) => {
  const resolved = textsWith(constant("n", text, { dataType })).filter("n > <%= n %>");
  await expect(resolved).rejects.toMatchObject({ code: "VARIABLE_RESOLVING_ERROR" });
});

test("the default stands in for a missing value, and without both the variable is named", async () => {
  const texts = textsWith(
    constant("a", "", { value: null, defaultValue: "d" }),
    constant("b", "", { value: "", defaultValue: "d" }),
    constant("c", "", { value: null }),
  );
  expect(await texts.filter("<%=a%><%=b%>")).toBe("'d'''");
  await expect(texts.filter("<%=c%>")).rejects.toThrow("<%= c %> has no value and no default value");
});

test("a placeholder without an end is refused, and a huge text takes one pass", () => {
  expect(() => piecesOf("a <%= x")).toThrow("has no end %>");
  const many = 200_000;
  expect(piecesOf("<%=x%>".repeat(many))).toHaveLength(2 * many + 1);
  expect(() => piecesOf("<%=".repeat(many))).toThrow("has no end %>");
  expect(piecesOf(`${"<%= ".repeat(many)}%>`)).toHaveLength(3);
  expect(piecesOf("<%".repeat(many))).toHaveLength(1);
});
