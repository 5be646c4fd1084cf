/** A process that starts the sample's PostgreSQL in the home it is given, says where it is, and ends it at SIGTERM. */
import { startPostgres } from "../../src/demo/postgres-server.ts";

const { signal } = new AbortController();
const server = await startPostgres({ home: process.argv[2] ?? "", searchPath: process.env["PATH"], signal });
const { host, port, user, password, database, pid, folder } = server;
process.stdout.write(`${JSON.stringify({ host, port, user, password, database, pid, folder })}\n`);
process.once("SIGTERM", () => {
  void server.stop().then(() => process.exit(0));
});
setInterval(() => {}, 60_000);
