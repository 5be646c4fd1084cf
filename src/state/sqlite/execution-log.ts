import type { LogLine } from "../../model/execution.ts";
import type { ExecutionStore } from "../../model/state-store.ts";
import type { Connection, Parameters } from "./connection.ts";
import { storable } from "./connection.ts";
import { explain } from "./refusals.ts";
import type { Row } from "./row.ts";

type LogStore = Pick<ExecutionStore, "appendLog" | "log">;

export function logStore(connection: Connection): LogStore {
  return {
    async appendLog(lines) {
      if (lines.length === 0) return;
      connection.transaction(() => {
        for (const line of lines) writeLine(connection, line);
      });
    },

    async log({ executionId, itemIds, levels, page, limit }) {
      const conditions = ["execution_id = $executionId"];
      const parameters: Parameters = { executionId };
      if (itemIds !== null) {
        conditions.push("item_id IN (SELECT value FROM json_each($itemIds))");
        parameters["itemIds"] = JSON.stringify(itemIds);
      }
      if (levels.length > 0) {
        conditions.push("level IN (SELECT value FROM json_each($levels))");
        parameters["levels"] = JSON.stringify(levels);
      }
      const where = conditions.join(" AND ");
      const rows = connection.all(
        `SELECT * FROM log_line WHERE ${where} ORDER BY sequence DESC LIMIT $limit OFFSET $offset`,
        { ...parameters, limit, offset: page * limit },
      );
      const count = connection.first(`SELECT count(*) AS n FROM log_line WHERE ${where}`, parameters);
      return { lines: rows.map(toLine), total: count?.integer("n") ?? 0 };
    },
  };
}

/** For whoever has a transaction of its own. */
export function writeLine(connection: Connection, line: Omit<LogLine, "sequence">): void {
  const { executionId, itemId, level, at, message, code, parameters } = line;
  const gone = { message: `execution ${executionId} does not exist`, next: "queue the execution first" };
  explain({ operation: "write a log line", gone }, () =>
    connection.run(
      `INSERT INTO log_line (execution_id, item_id, level, at, message, code, parameters)
       VALUES ($executionId, $itemId, $level, $at, $message, $code, $parameters)`,
      {
        executionId,
        itemId,
        level,
        at,
        message: storable(message),
        code,
        parameters: JSON.stringify(parameters),
      },
    ),
  );
}

function toLine(row: Row): LogLine {
  return {
    sequence: row.integer("sequence"),
    executionId: row.text("execution_id"),
    itemId: row.text("item_id"),
    level: row.word("level"),
    at: row.integer("at"),
    message: row.text("message"),
    code: row.textOrNull("code"),
    parameters: row.json<LogLine["parameters"]>("parameters"),
  };
}
