import { expect, test } from "vitest";
import { TableRouter } from "./table-router.ts";

const router = new TableRouter<string>();
router.add("GET", "/pools/:poolId/logs/:jobId/executions", "of a job");
router.add("GET", "/pools/:poolId/logs/executions/detail", "detail");
router.add("GET", "/pools/:poolId/logs/executions", "items");
router.add("POST", "/pools/:poolId/logs/executions", "posted");
router.add("GET", "/pools", "pools");

test.each([
  ["GET", "/pools", "pools", {}],
  ["GET", "/pools/p/logs/executions", "items", { poolId: "p" }],
  ["POST", "/pools/p/logs/executions", "posted", { poolId: "p" }],
  ["GET", "/pools/p/logs/executions/detail", "detail", { poolId: "p" }],
  ["GET", "/pools/p/logs/j/executions", "of a job", { poolId: "p", jobId: "j" }],
  // The word leads nowhere here, so it is read as an id.
  ["GET", "/pools/p/logs/executions/executions", "of a job", { poolId: "p", jobId: "executions" }],
])("%s %s is %s", (method, path, served, params) => {
  expect(router.match(method, path)).toEqual([[[served, params]]]);
});

test.each([
  ["GET", "/"],
  ["GET", "/pools/p"],
  ["POST", "/pools"],
  ["GET", "/pools//logs/executions"],
  ["GET", "/pools/p/logs/executions/detail/more"],
])("%s %s is nothing", (method, path) => {
  expect(router.match(method, path)).toEqual([[]]);
});
