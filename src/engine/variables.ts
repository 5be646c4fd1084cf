import { newId } from "../base/ids.ts";
import type { ExtractionConfiguration, Task, TaskVariable } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { DefinitionStore } from "../model/state-store.ts";
import { fitsType } from "../model/variable-value.ts";
import { dataSourceOf } from "./belonging.ts";
import { checkedName } from "./names.ts";

/** What can be said about a variable; absent fields stay, or take their default. */
export type VariableDraft = Partial<Omit<TaskVariable, "id" | "taskId">>;

/** The rules of what belongs to a task beside its tables. Everything throws UserError and then has changed nothing. */
export class Variables {
  readonly #store: DefinitionStore;

  constructor(store: DefinitionStore) {
    this.#store = store;
  }

  async create(
    task: Task,
    draft: VariableDraft & Pick<TaskVariable, "name" | "type" | "dataType">,
  ): Promise<TaskVariable> {
    const blank = {
      id: newId(),
      taskId: task.id,
      placeholder: draft.name,
      description: null,
      value: null,
      defaultValue: null,
      greatestOf: null,
    };
    const variable = await this.#checked(task, { ...blank, ...draft });
    await this.#store.insertVariable(variable);
    return variable;
  }

  async change(task: Task, variable: TaskVariable, draft: VariableDraft): Promise<TaskVariable> {
    const changed = await this.#checked(task, { ...variable, ...draft });
    await this.#store.updateVariable(changed);
    return changed;
  }

  async remove(variable: TaskVariable): Promise<void> {
    await this.#store.deleteVariable(variable.id);
  }

  /** Absent settings stay. */
  async configure(
    extraction: Task,
    { ignoreMetadataChanges, extra }: Partial<ExtractionConfiguration>,
  ): Promise<ExtractionConfiguration> {
    const old = await this.#store.extractionConfiguration(extraction.id);
    const configuration = {
      ignoreMetadataChanges: ignoreMetadataChanges ?? old?.ignoreMetadataChanges ?? false,
      extra: { ...old?.extra, ...extra },
    };
    await this.#store.saveExtractionConfiguration(extraction.id, configuration);
    return configuration;
  }

  async #checked(task: Task, variable: TaskVariable): Promise<TaskVariable> {
    const { type, dataType } = variable;
    const placeholder = checkedName(variable.placeholder, "placeholder");
    if (placeholder.includes("%>"))
      throw refused("placeholder", "A placeholder ends at %>, and cannot hold it.");
    const greatestOf = type === "DYNAMIC" ? variable.greatestOf : null;
    if (type === "DYNAMIC" && (greatestOf === null || greatestOf.table === "" || greatestOf.column === "")) {
      throw refused("dynamicTable", "A DYNAMIC variable needs dynamicTable and dynamicColumn.");
    }
    if (greatestOf !== null && greatestOf.dataSourceId !== null) {
      await dataSourceOf(this.#store, task.poolId, greatestOf.dataSourceId);
    }
    for (const [attribute, text] of [
      ["values", variable.value],
      ["defaultValues", variable.defaultValue],
    ] as const) {
      if (text !== null && !fitsType(dataType, text)) {
        throw refused(attribute, `The value is not a number of type ${dataType}.`);
      }
    }
    return { ...variable, name: checkedName(variable.name, "variable"), placeholder, greatestOf };
  }
}

function refused(attribute: string, message: string): UserError {
  return new UserError("invalid", message, {
    operation: "define the variable",
    attribute,
    next: "Correct it and send it again.",
  });
}
