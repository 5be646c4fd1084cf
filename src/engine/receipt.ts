import { UserError } from "../model/errors.ts";
import { isTerminal, type Execution, type ExecutionItem } from "../model/execution.ts";
import type { Receipt, TableReceipt } from "../model/receipt.ts";
import type { StateStore } from "../model/state-store.ts";

/** Every execution that is over has one. @throws UserError "conflict" for one that is not. */
export async function receiptOf(store: StateStore, execution: Execution): Promise<Receipt> {
  const { id, status, endedAt, proof } = execution;
  if (!isTerminal(status) || endedAt === null || proof === null) {
    throw new UserError("conflict", `it is ${status}`, {
      operation: `write the receipt of execution ${id}`,
      next: "ask again when it is over",
    });
  }
  return {
    execution,
    endedAt,
    proof,
    callers: await store.stopCallers(id),
    steps: await store.endSteps(id),
    settlement: await store.settlement(id),
    tables: tablesOf(execution, await store.items(id)),
  };
}

/** Every table of the plan: one that has no item was never begun. */
function tablesOf({ plan }: Execution, items: ExecutionItem[]): TableReceipt[] {
  const itemOf = new Map(items.filter(({ type }) => type === "STEP").map((item) => [item.stepId, item]));
  return plan.tasks.flatMap((task) =>
    task.tables.map(({ id, tableName, targetTableName }) => {
      const item = itemOf.get(id);
      return {
        task: task.name,
        table: tableName,
        target: targetTableName ?? tableName,
        effect: item === undefined ? "untouched" : (item.effect ?? "unknown"),
        rows: item?.rows ?? null,
        bytes: item?.bytes ?? null,
      };
    }),
  );
}
