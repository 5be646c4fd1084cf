import type { TaskVariable } from "../model/definitions.ts";
import { errorLine } from "../model/errors.ts";
import type { PlannedTask } from "../model/execution.ts";
import { fitsType } from "../model/variable-value.ts";
import { piecesOf, shown, unresolved } from "./placeholders.ts";
import type { Run } from "./run.ts";

/** What could end a literal in a statement, or begin another statement or a comment. */
const breaksOut = /['";\\]|--|\/\*/;

interface Value {
  text: string;
  /** From the data of the pool, not from a person with the right to edit. */
  fromData: boolean;
}

/**
 * The texts of one task with their variables resolved. A variable is looked up when a text names it, and then
 * has one value for the whole task. Nothing is evaluated.
 */
export class TaskTexts {
  readonly #run: Run;
  readonly #variables: ReadonlyMap<string, TaskVariable>;
  readonly #values = new Map<string, Value>();

  constructor(run: Run, task: PlannedTask) {
    this.#run = run;
    this.#variables = new Map((task.variables ?? []).map((variable) => [variable.placeholder, variable]));
  }

  /**
   * A condition for a source: dates and texts are quoted, so that they are one value whatever they hold.
   * @throws UserError with VARIABLE_RESOLVING_ERROR naming the placeholder.
   */
  async filter(text: string | null): Promise<string | null> {
    if (text === null) return null;
    return await this.#resolved(text, ({ dataType }, { text: value }) =>
      dataType === "DATE" || dataType === "STRING" ? quoted(value) : value,
    );
  }

  /** A script for the pool: values are put in as they are. Errors as `filter`. */
  async statement(text: string): Promise<string> {
    return await this.#resolved(text, ({ placeholder }, { text: value, fromData }) => {
      if (fromData && breaksOut.test(value)) {
        throw unresolved(
          `the value of ${shown(placeholder)} comes from the data and holds a quote or the like, which a statement could take for its own words`,
        );
      }
      return value;
    });
  }

  async #resolved(text: string, put: (variable: TaskVariable, value: Value) => string): Promise<string> {
    const parts: string[] = [];
    for (const piece of piecesOf(text)) {
      if ("text" in piece) {
        parts.push(piece.text);
        continue;
      }
      const variable = this.#variables.get(piece.placeholder);
      if (variable === undefined) throw unresolved(`there is no variable for ${shown(piece.placeholder)}`);
      parts.push(put(variable, await this.#valueOf(variable)));
    }
    return parts.join("");
  }

  async #valueOf(variable: TaskVariable): Promise<Value> {
    const known = this.#values.get(variable.placeholder);
    if (known !== undefined) return known;
    const found = await this.#greatest(variable);
    const text = found ?? variable.value ?? variable.defaultValue;
    const name = shown(variable.placeholder);
    if (text === null) throw unresolved(`${name} has no value and no default value`);
    if (!fitsType(variable.dataType, text)) {
      throw unresolved(`the value of ${name} is not a number of type ${variable.dataType}`);
    }
    const value = { text, fromData: found !== null };
    this.#values.set(variable.placeholder, value);
    return value;
  }

  async #greatest({ placeholder, greatestOf }: TaskVariable): Promise<string | null> {
    if (greatestOf === null) return null;
    const { plan, store, signal } = this.#run;
    const { dataSourceId, table, column } = greatestOf;
    try {
      return await store.greatest(dataSourceId ?? plan.poolId, table, column, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw unresolved(`${shown(placeholder)}: ${errorLine(error)}`, error);
    }
  }
}

/** The only place where a value becomes a literal. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
