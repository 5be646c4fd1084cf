import { z } from "zod";
import { paths } from "../../contract/index.ts";
import { jobOf, mustBeSame, taskOf, transformationOf } from "../../engine/belonging.ts";
import type { Task } from "../../model/definitions.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import {
  statementTransport,
  taskChange,
  taskDraft,
  taskShape,
  toTask,
  transformationTransport,
} from "../wire/jobs.ts";

export function taskRoutes({ state, definitions }: Operations): Route[] {
  const task = async (poolId: string, ids: { jobId: string; taskId: string }): Promise<Task> =>
    await taskOf(state, await jobOf(state, poolId, ids.jobId), ids.taskId);
  const transformation = async (poolId: string, ids: { jobId: string; taskId: string }): Promise<Task> =>
    await transformationOf(state, await jobOf(state, poolId, ids.jobId), ids.taskId);
  const enabled = (method: "POST" | "DELETE"): Route =>
    route({
      method,
      path: paths.taskEnabled,
      access: { verb: "edit", on: "pool" },
      answer: taskShape,
      operation: async ({ pool, ids }) =>
        toTask(await definitions.changeTask(await task(pool.id, ids), { disabled: method === "DELETE" })),
    });

  return [
    route({
      method: "GET",
      path: paths.tasks,
      access: { verb: "view", on: "pool" },
      answer: z.array(taskShape),
      operation: async ({ pool, ids }) => {
        const job = await jobOf(state, pool.id, ids.jobId);
        return (await state.tasks(job.id)).map(toTask);
      },
    }),
    route({
      method: "POST",
      path: paths.tasks,
      access: { verb: "edit", on: "pool" },
      body: { json: taskDraft },
      answer: taskShape,
      operation: async ({ pool, ids, body }) => {
        const job = await jobOf(state, pool.id, ids.jobId);
        mustBeSame(body.jobId, job.id, "data job");
        const { taskType, name, description, executionOrder } = body;
        return toTask(
          await definitions.createTask(job, {
            type: taskType,
            name,
            ...(description === undefined ? {} : { description }),
            ...(executionOrder === undefined ? {} : { position: executionOrder }),
          }),
        );
      },
    }),
    route({
      method: "PUT",
      path: paths.task,
      access: { verb: "edit", on: "pool" },
      body: { json: taskChange },
      answer: taskShape,
      operation: async ({ pool, ids, body }) =>
        toTask(await definitions.changeTask(await task(pool.id, ids), body)),
    }),
    route({
      method: "DELETE",
      path: paths.task,
      access: { verb: "edit", on: "pool" },
      answer: "empty",
      operation: async ({ pool, ids }) => {
        await definitions.deleteTask(await task(pool.id, ids));
      },
    }),
    enabled("POST"),
    enabled("DELETE"),
    route({
      method: "GET",
      path: paths.statement,
      access: { verb: "view", on: "pool" },
      answer: statementTransport,
      operation: async ({ pool, ids }) => ({
        statement: (await transformation(pool.id, ids)).statement,
        legalNote: null,
      }),
    }),
    route({
      method: "PUT",
      path: paths.statement,
      access: { verb: "edit", on: "pool" },
      body: "text",
      answer: transformationTransport,
      operation: async ({ pool, ids, body }) => {
        const changed = await definitions.changeTask(await transformation(pool.id, ids), { statement: body });
        return { ...toTask(changed), statement: changed.statement };
      },
    }),
  ];
}
