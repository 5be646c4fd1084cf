import { z } from "zod";
import { paths } from "../../contract/index.ts";
import { mustBeSame, taskInPool, variableOf } from "../../engine/belonging.ts";
import type { Task } from "../../model/definitions.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import {
  newVariable,
  supported,
  toVariable,
  toVariableDraft,
  variableChange,
  variableTransport,
  type VariableGiven,
} from "../wire/variables.ts";

export function variableRoutes({ state, variables }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.taskVariables,
      access: { verb: "view", on: "pool" },
      answer: z.array(variableTransport),
      operation: async ({ pool, ids }) => {
        const task = await taskInPool(state, pool.id, ids.taskId);
        return (await state.variables(task.id)).map((variable) => toVariable(task, variable));
      },
    }),
    route({
      method: "POST",
      path: paths.taskVariables,
      access: { verb: "edit", on: "pool" },
      body: { json: newVariable },
      answer: variableTransport,
      operation: async ({ pool, ids, body }) => {
        const task = await taskInPool(state, pool.id, ids.taskId);
        checkParents(task, body);
        const { name, type, dataType } = body;
        const draft = { ...toVariableDraft(body, null), name, type, dataType: supported(dataType) };
        return toVariable(task, await variables.create(task, draft));
      },
    }),
    route({
      method: "PUT",
      path: paths.taskVariable,
      access: { verb: "edit", on: "pool" },
      body: { json: variableChange },
      answer: variableTransport,
      operation: async ({ pool, ids, body }) => {
        const task = await taskInPool(state, pool.id, ids.taskId);
        const variable = await variableOf(state, task, ids.variableId);
        mustBeSame(body.id, variable.id, "variable");
        checkParents(task, body);
        return toVariable(task, await variables.change(task, variable, toVariableDraft(body, variable)));
      },
    }),
    route({
      method: "DELETE",
      path: paths.taskVariable,
      access: { verb: "edit", on: "pool" },
      answer: "empty",
      operation: async ({ pool, ids }) => {
        const task = await taskInPool(state, pool.id, ids.taskId);
        await variables.remove(await variableOf(state, task, ids.variableId));
      },
    }),
  ];
}

/** Clients name the task by its template or by its instance. */
function checkParents(task: Task, { poolId, taskId, values = [], defaultValues = [] }: VariableGiven): void {
  mustBeSame(poolId, task.poolId, "data pool");
  if (taskId !== task.templateId) mustBeSame(taskId, task.id, "task");
  for (const { taskInstanceId } of [...values, ...defaultValues]) {
    mustBeSame(taskInstanceId, task.id, "task");
  }
}
