/** A server in a process of its own, to be killed by tests: `serve-child.ts HOME [PORT]`. Prints what `nightdesk serve` prints. */
import { serve } from "../../src/serve.ts";

const stop = new AbortController();
process.on("SIGTERM", () => {
  stop.abort();
});
process.exitCode = await serve({
  home: process.argv[2] ?? "",
  port: Number(process.argv[3] ?? 0),
  env: process.env,
  out: (line) => {
    console.log(line);
  },
  report: (line) => {
    console.error(line);
  },
  onBrokenDisk: () => {
    process.exit(1);
  },
  signal: stop.signal,
});
