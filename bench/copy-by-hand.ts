/**
 * A process that reads a table by COPY and throws it away, as fast as it can, each time it is told to: the equal
 * of an extraction for the bench of the cancel. Says "ready", then after each COPY the SQLSTATE it ended with, or "".
 */
import { once } from "node:events";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";

const [access = "{}", table = ""] = process.argv.slice(2);
const session = new pg.Client(JSON.parse(access) as pg.ClientConfig);
await session.connect();
process.on("message", () => {
  void readOnce().then((code) => process.send?.(code));
});
process.on("disconnect", () => void session.end());
process.send?.("ready");

async function readOnce(): Promise<string> {
  try {
    const copy = session.query(copyTo(`COPY (SELECT * FROM "${table}") TO STDOUT (FORMAT binary)`));
    copy.resume();
    await once(copy, "end");
    return "";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
