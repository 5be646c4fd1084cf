import { probes, server, team } from "./command.ts";
import type { Command } from "./command.ts";

/** What programmers use: runs, their logs, and what there is. */
export const runCommands: readonly Command[] = [
  {
    verb: "run",
    alias: "execute",
    object: "jobs",
    summary: "start a job; with --wait, say how it ended",
    args: [{ syntax: "<JOB>", meaning: "name or id of a data job" }],
    options: [
      {
        syntax: "--mode <MODE>",
        meaning: "full: all rows; delta: the changed ones (default: delta)",
        values: ["full", "delta"],
      },
      { syntax: "--wait", meaning: "until it is over: 0 for SUCCESS, 8 for any other end" },
      probes,
      ...team,
    ],
    examples: [
      'nightdesk run "Finance documents" --mode full',
      'nightdesk run "Finance documents" --wait',
      'nightdesk run "Finance documents" --wait --probes probes.json',
      'nightdesk execute "Finance documents" --json',
    ],
    load: () => import("./run.ts"),
  },
  {
    verb: "logs",
    object: "executions",
    summary: "the log of a job's latest execution, or of one that is named",
    args: [{ syntax: "[JOB]", meaning: "name or id of a data job; not needed with --execution" }],
    options: [
      { syntax: "--execution <ID>", meaning: "of this execution" },
      { syntax: "--follow", meaning: "go on until the execution is over" },
      {
        syntax: "--level <LEVEL>",
        meaning: "lines of this level and above (default: all)",
        values: ["debug", "info", "warning", "error"],
      },
      ...team,
    ],
    examples: [
      'nightdesk logs "Finance documents" --follow',
      "nightdesk logs --execution 7f3c... --level warning",
    ],
    load: () => import("./logs.ts"),
  },
  {
    verb: "jobs",
    object: "jobs",
    summary: "the data jobs of the pool",
    args: [],
    options: team,
    examples: ["nightdesk jobs", "nightdesk jobs --json"],
    load: async () => ({ run: (await import("./lists.ts")).runJobs }),
  },
  {
    verb: "pools",
    object: "pools",
    summary: "the data pools that the key may see",
    args: [],
    options: server,
    examples: ["nightdesk pools --profile night"],
    load: async () => ({ run: (await import("./lists.ts")).runPools }),
  },
  {
    verb: "connections",
    object: "pools",
    summary: "the pool's connections to source systems",
    args: [],
    options: team,
    examples: ["nightdesk connections"],
    load: async () => ({ run: (await import("./lists.ts")).runConnections }),
  },
  {
    verb: "connections test",
    object: "pools",
    summary: "connect to a source once and say whether that works; needs a key with the verb edit",
    args: [{ syntax: "[CONNECTION]", meaning: "name or id of a connection; without it all of the pool" }],
    options: team,
    examples: ["nightdesk connections test", 'nightdesk connections test "SAP ECC"'],
    load: () => import("./test-connections.ts"),
  },
];
