import { UserError } from "../../model/errors.ts";
import type { Connection } from "./connection.ts";

/**
 * Call inside the transaction that deletes.
 * @param jobs a SELECT of job ids with the parameter `$id`.
 * @throws UserError "conflict" if one of them has an execution that is QUEUED or RUNNING, or was declared over and
 *   may still have a session at its source: forgetting it would make the source look clear.
 */
export function refuseWhileActive(connection: Connection, operation: string, jobs: string, id: string): void {
  const active = connection.first(
    `SELECT job_name, status FROM execution
     WHERE (status = 'QUEUED' OR status = 'RUNNING') AND job_id IN (${jobs}) LIMIT 1`,
    { id },
  );
  if (active === null) {
    const declared = connection.first(
      `SELECT job_name FROM settlement JOIN execution ON execution.id = execution_id
       WHERE seen <> 'idle' AND job_id IN (${jobs}) LIMIT 1`,
      { id },
    );
    if (declared === null) return;
    const name = declared.text("job_name");
    throw new UserError(
      "conflict",
      `an execution of the job "${name}" was declared over and is not seen to be`,
      {
        operation,
        next: "try again when its source can be read",
      },
    );
  }
  throw new UserError("conflict", `the job "${active.text("job_name")}" is ${active.text("status")}`, {
    operation,
    next: "stop it, wait until it is over, then try again",
  });
}
