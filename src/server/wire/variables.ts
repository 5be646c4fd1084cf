import { z } from "zod";
import {
  dynamicVariableOpTypes,
  filterParserDataTypes,
  variableParameterTypes,
  variableTypes,
  type TaskVariableTransport,
} from "../../contract/index.ts";
import type { VariableDraft } from "../../engine/variables.ts";
import {
  variableDataTypes,
  type Task,
  type TaskVariable,
  type VariableDataType,
} from "../../model/definitions.ts";
import { UserError } from "../../model/errors.ts";
import { givenId, id, text } from "./fields.ts";

const value = z.strictObject({ value: text, taskInstanceId: id.nullable() });
const settings = z.strictObject({ poolVariableId: id.nullable() }).nullable();

export const variableTransport: z.ZodType<TaskVariableTransport> = z.strictObject({
  id,
  poolId: id,
  taskId: id,
  name: text,
  placeholder: text,
  description: text,
  type: z.enum(variableTypes),
  dataType: z.enum(filterParserDataTypes),
  parameterType: z.enum(variableParameterTypes),
  dynamicVariableOpType: z.enum(dynamicVariableOpTypes).nullable(),
  dynamicTable: text,
  dynamicColumn: text,
  dynamicDataSourceId: id.nullable(),
  values: z.array(value),
  defaultValues: z.array(value),
  settings,
  defaultSettings: settings,
});

export function toVariable(task: Task, variable: TaskVariable): TaskVariableTransport {
  const { value: own, defaultValue, greatestOf } = variable;
  return {
    id: variable.id,
    poolId: task.poolId,
    taskId: task.templateId,
    name: variable.name,
    placeholder: variable.placeholder,
    description: variable.description,
    type: variable.type,
    dataType: variable.dataType,
    parameterType: "CUSTOM",
    dynamicVariableOpType: greatestOf === null ? null : "FIND_MAX",
    dynamicTable: greatestOf?.table ?? null,
    dynamicColumn: greatestOf?.column ?? null,
    dynamicDataSourceId: greatestOf?.dataSourceId ?? null,
    // Also without a value: a client takes the id of the task from here when it updates.
    values: [{ value: own, taskInstanceId: task.id }],
    defaultValues: defaultValue === null ? [] : [{ value: defaultValue, taskInstanceId: task.id }],
    settings: null,
    defaultSettings: null,
  };
}

// Some clients send a number where a text is meant.
const valueText = z.union([z.string(), z.number().transform(String)]);
const valuesGiven = z
  .array(z.object({ value: valueText.exactOptional(), taskInstanceId: givenId.exactOptional() }))
  .exactOptional();
const settingsGiven = z.object({ poolVariableId: givenId.exactOptional() }).exactOptional();

const given = z.object({
  id: givenId.exactOptional(),
  poolId: givenId.exactOptional(),
  taskId: givenId.exactOptional(),
  name: z.string().exactOptional(),
  placeholder: z.string().exactOptional(),
  description: z.string().exactOptional(),
  type: z.enum(variableTypes).exactOptional(),
  dataType: z.enum(filterParserDataTypes).exactOptional(),
  parameterType: z.enum(variableParameterTypes).exactOptional(),
  dynamicVariableOpType: z.enum(dynamicVariableOpTypes).exactOptional(),
  dynamicTable: z.string().exactOptional(),
  dynamicColumn: z.string().exactOptional(),
  dynamicDataSourceId: givenId.exactOptional(),
  values: valuesGiven,
  defaultValues: valuesGiven,
  settings: settingsGiven,
  defaultSettings: settingsGiven,
});
export const variableChange = given;
export const newVariable = given.extend({
  name: z.string(),
  type: z.enum(variableTypes),
  dataType: z.enum(filterParserDataTypes),
});
export type VariableGiven = z.output<typeof variableChange>;

/**
 * What a body says of a variable; `old` is the variable that it changes.
 * @throws UserError "invalid" for what this server cannot do yet.
 */
export function toVariableDraft(body: VariableGiven, old: TaskVariable | null): VariableDraft {
  refuseNotYet(body);
  if (body.type === "DYNAMIC" && old?.greatestOf == null && body.dynamicVariableOpType === undefined) {
    throw new UserError("invalid", "A DYNAMIC variable needs its dynamicVariableOpType.", {
      operation: "define the variable",
      attribute: "dynamicVariableOpType",
      next: "Send FIND_MAX.",
    });
  }
  const { name, placeholder, description, type, values, defaultValues } = body;
  return {
    ...(name === undefined ? {} : { name }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
    ...(body.dataType === undefined ? {} : { dataType: supported(body.dataType) }),
    ...(values === undefined ? {} : { value: values[0]?.value ?? null }),
    ...(defaultValues === undefined ? {} : { defaultValue: defaultValues[0]?.value ?? null }),
    ...greatestOf(body, old),
  };
}

function greatestOf(body: VariableGiven, old: TaskVariable | null): Pick<VariableDraft, "greatestOf"> {
  const { dynamicTable: table, dynamicColumn: column, dynamicDataSourceId: dataSourceId } = body;
  if (table === undefined && column === undefined && dataSourceId === undefined) return {};
  return {
    greatestOf: {
      dataSourceId: dataSourceId ?? old?.greatestOf?.dataSourceId ?? null,
      table: table ?? old?.greatestOf?.table ?? "",
      column: column ?? old?.greatestOf?.column ?? "",
    },
  };
}

export function supported(dataType: TaskVariableTransport["dataType"]): VariableDataType {
  const known = variableDataTypes.find((one) => one === dataType);
  if (known === undefined) throw notYet("dataType", `dataType ${dataType}`);
  return known;
}

function refuseNotYet({ dynamicVariableOpType, parameterType, ...body }: VariableGiven): void {
  if (dynamicVariableOpType !== undefined && dynamicVariableOpType !== "FIND_MAX") {
    throw notYet("dynamicVariableOpType", `dynamicVariableOpType ${dynamicVariableOpType}`);
  }
  if (parameterType === "DATASOURCE") throw notYet("parameterType", "parameterType DATASOURCE");
  for (const attribute of ["settings", "defaultSettings"] as const) {
    if (body[attribute]?.poolVariableId !== undefined) throw notYet(attribute, `${attribute}.poolVariableId`);
  }
  for (const attribute of ["values", "defaultValues"] as const) {
    if ((body[attribute]?.length ?? 0) > 1) throw notYet(attribute, `A list of ${attribute}`);
  }
}

function notYet(attribute: string, what: string): UserError {
  return new UserError("invalid", `${what} is not supported yet.`, {
    operation: "define the variable",
    attribute,
    next: "Use a constant or FIND_MAX, with one value of DATE, DOUBLE, INT or STRING.",
  });
}
