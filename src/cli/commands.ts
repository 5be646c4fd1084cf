import { connection, probes, server, team } from "./command.ts";
import type { Command } from "./command.ts";
import { profileCommands } from "./profile-commands.ts";
import { runCommands } from "./run-commands.ts";

export const commands: readonly Command[] = [
  {
    verb: "status",
    object: "jobs",
    summary: "does anything of the pool, or of one job, touch the source?",
    args: [{ syntax: "[JOB]", meaning: "name or id of a data job; without it the whole pool" }],
    options: [
      {
        syntax: "--watch",
        meaning: "look again every two seconds until Ctrl-C; a line per change when piped",
      },
      probes,
      ...team,
    ],
    examples: [
      "nightdesk status --url https://team.example --pool 2b8f... --key-file key.txt",
      'nightdesk status "Finance documents"',
      "nightdesk status --watch",
    ],
    load: () => import("./status.ts"),
  },
  {
    verb: "stop",
    object: "jobs",
    summary: "stop what runs, and say what is proven",
    args: [{ syntax: "[JOB]", meaning: "name or id of a data job" }],
    options: [
      { syntax: "--execution <ID>", meaning: "stop this execution of the job or nothing" },
      { syntax: "--all", meaning: "stop every job of the pool" },
      { syntax: "--wait <SECONDS>", meaning: "how long to wait for the proof (default: 60)" },
      { syntax: "--reason <TEXT>", meaning: "why, for the log of the run" },
      {
        syntax: "--hold-until <T>",
        meaning: "hold the job first, or the pool with --all; a refused hold keeps no stop back",
      },
      probes,
      ...team,
    ],
    examples: [
      'nightdesk stop "Finance documents" --reason "source shuts down at 24:00"',
      "nightdesk stop --all --wait 120 --json",
      'nightdesk stop "Finance documents" --probes probes.json',
      'nightdesk stop "Finance documents" --hold-until 2026-06-19T02:00+09:00',
    ],
    load: () => import("./stop.ts"),
  },
  {
    verb: "go",
    object: "jobs",
    summary: "does anything of the pool, or of one connection, touch its source, and will anything?",
    args: [],
    options: [connection, probes, ...team],
    examples: ["nightdesk go", 'nightdesk go --connection "SAP ECC" --json'],
    load: () => import("./go.ts"),
  },
  {
    verb: "hold",
    object: "holds",
    summary: "nothing of it starts from now on; what runs goes on",
    args: [{ syntax: "[JOB]", meaning: "name or id of a data job; without it the whole pool" }],
    options: [
      connection,
      { syntax: "--until <T>", meaning: "when it ends by itself (default: when it is released)" },
      { syntax: "--reason <TEXT>", meaning: "why, shown to whoever is refused" },
      ...team,
    ],
    examples: [
      'nightdesk hold "Finance documents" --until 2026-06-19T02:00+09:00 --reason "patch night"',
      'nightdesk hold --connection "SAP ECC" --until +2h',
    ],
    load: async () => ({ run: (await import("./hold.ts")).runHold }),
  },
  {
    verb: "holds",
    object: "holds",
    summary: "the holds in force",
    args: [],
    options: team,
    examples: ["nightdesk holds"],
    load: async () => ({ run: (await import("./hold.ts")).runHolds }),
  },
  {
    verb: "release",
    object: "holds",
    summary: "end holds, and say what starts by it",
    args: [{ syntax: "[JOB]", meaning: "name or id of a data job: the holds laid on it" }],
    options: [
      connection,
      { syntax: "--hold <ID>", meaning: "this hold" },
      { syntax: "--all", meaning: "every hold of the pool" },
      { syntax: "--dry-run", meaning: "only list what would start" },
      ...team,
    ],
    examples: ['nightdesk release "Finance documents" --dry-run', "nightdesk release --all"],
    load: () => import("./release.ts"),
  },
  {
    verb: "settle",
    object: "executions",
    summary: "declare an execution over whose source is gone for good; never reads as proof",
    args: [{ syntax: "<EXECUTION>", meaning: "id of the execution" }],
    options: [
      { syntax: "--because <TEXT>", meaning: "what you know; stays on record", required: true },
      ...team,
    ],
    examples: ['nightdesk settle 7f3c... --because "host down"'],
    load: () => import("./settle.ts"),
  },
  {
    verb: "receipt",
    object: "executions",
    summary: "how an execution ended, step by step and table by table",
    args: [{ syntax: "<EXECUTION>", meaning: "id of the execution" }],
    options: team,
    examples: ["nightdesk receipt 7f3c..."],
    load: () => import("./receipt.ts"),
  },
  {
    verb: "keys list",
    object: "keys",
    summary: "every key: what it may do, where and when, and when it was used; never the key itself",
    args: [],
    options: server,
    examples: ["nightdesk keys list --key-file admin.header"],
    load: async () => ({ run: (await import("./keys.ts")).runList }),
  },
  {
    verb: "keys create",
    object: "keys",
    summary: "make a key, which is shown once; needs a key with admin on everything",
    args: [{ syntax: "<NAME>", meaning: "who it is for; stands in logs and records" }],
    options: [
      {
        syntax: "--verbs <LIST>",
        meaning: "what it may do: view,execute,cancel,hold,settle,edit,admin",
        required: true,
      },
      {
        syntax: "--expires <T>",
        meaning: "2026-12-31T00:00Z, +90d, or never",
        required: true,
      },
      { syntax: "--job <IDS>", meaning: "only these data jobs of the pool; the others are not there for it" },
      { syntax: "--hours <FROM-TO>", meaning: "only then: 22:00-06:00, or 22:00-30:00; with --zone" },
      { syntax: "--zone <NAME>", meaning: "whose clock the hours are by: Asia/Tokyo" },
      { syntax: "--days <LIST>", meaning: "days on which the hours start: MON,TUE (default: every day)" },
      { syntax: "--address <LIST>", meaning: "only from there: 192.0.2.7,192.0.2.0/24,2001:db8::/32" },
      {
        syntax: "--out <FILE>",
        meaning: "write it there (0600, for --key-file and curl -H @FILE), show nothing",
      },
      { syntax: "--pool <ID>", meaning: "id of the data pool (or NIGHTDESK_POOL); * for everything" },
      ...server,
    ],
    examples: [
      'nightdesk keys create "night operator" --verbs view,cancel --expires +90d --out operator.header',
      "nightdesk keys create basis --verbs view --job ec0e... --hours 22:00-06:00 --zone Asia/Tokyo --expires +1d",
    ],
    load: async () => ({ run: (await import("./keys-create.ts")).runCreate }),
  },
  {
    verb: "keys revoke",
    object: "keys",
    summary: "a key is refused from its next call on; harmless twice",
    args: [{ syntax: "<KEY>", meaning: "id of the key, from keys list" }],
    options: server,
    examples: ["nightdesk keys revoke 7f3c..."],
    load: async () => ({ run: (await import("./keys.ts")).runRevoke }),
  },
  {
    verb: "teams list",
    object: "teams",
    summary: "teams of others that the server relays to, and their pools; never their credentials",
    args: [],
    options: server,
    examples: ["nightdesk teams list --key-file admin.header"],
    load: async () => ({ run: (await import("./teams.ts")).runList }),
  },
  {
    verb: "teams add",
    object: "teams",
    summary: "relay to a team: its pools get our keys, verbs, hours and holds",
    args: [{ syntax: "<NAME>", meaning: "how the team is called here" }],
    options: [
      { syntax: "--team-url <URL>", meaning: "address of the team: https://HOST", required: true },
      { syntax: "--pools <IDS>", meaning: "ids of its data pools, with commas", required: true },
      {
        syntax: "--credential-file <FILE>",
        meaning: "file with its key in the first line (default: asked for, or standard input)",
      },
      {
        syntax: "--scheme <SCHEME>",
        meaning: "AppKey, Bearer or OAuth (default: AppKey; with --client-id OAuth)",
        values: ["AppKey", "Bearer", "OAuth"],
      },
      { syntax: "--client-id <ID>", meaning: "of an OAuth client; its secret is then the credential" },
      { syntax: "--scope <SCOPE>", meaning: "what the OAuth client asks for" },
      ...server,
    ],
    examples: [
      "nightdesk teams add finance --team-url https://finance.eu-1.celonis.cloud --pools 7f3c... --credential-file team.key",
    ],
    load: async () => ({ run: (await import("./teams.ts")).runAdd }),
  },
  {
    verb: "teams remove",
    object: "teams",
    summary: "relay to a team no longer; in the team itself nothing is changed",
    args: [{ syntax: "<TEAM>", meaning: "id of the team, from teams list" }],
    options: server,
    examples: ["nightdesk teams remove 7f3c..."],
    load: async () => ({ run: (await import("./teams.ts")).runRemove }),
  },
  {
    verb: "report",
    object: "records",
    summary: "what ran in a shift, what was stopped by whom, what was refused, what is open",
    args: [],
    options: [
      {
        syntax: "--from <TIME>",
        meaning: "ISO 8601 with its zone: 2026-06-18T12:00Z; with --zone without it",
      },
      { syntax: "--to <TIME>", meaning: "as --from; itself not in the report" },
      { syntax: "--day <DATE>", meaning: "the whole day, or the day on which --shift begins: 2026-06-18" },
      { syntax: "--shift <HH:MM-HH:MM>", meaning: "of the --day, by the clocks of the zone: 22:00-06:00" },
      {
        syntax: "--zone <ZONE>",
        meaning: "whose days and times are meant (default: the zone of the pool's desk settings, else UTC)",
      },
      ...team,
    ],
    examples: [
      "nightdesk report --from 2026-06-18T20:00+09:00 --to 2026-06-19T08:00+09:00",
      "nightdesk report --day 2026-06-18 --shift 22:00-06:00",
      "nightdesk report --day 2026-10-25 --zone Europe/Berlin",
    ],
    load: () => import("./report.ts"),
  },
  {
    verb: "audit verify",
    object: "records",
    summary: "does the chain of the audit records in a home hold?",
    args: [],
    options: [
      {
        syntax: "--home <DIR>",
        meaning: "folder with the state of a server, running or not",
        required: true,
      },
      { syntax: "--head <SEQ:HMAC>", meaning: "a head that was noted elsewhere: shows what is cut off" },
      { syntax: "--json", meaning: "one JSON object instead of text" },
    ],
    examples: ["nightdesk audit verify --home /var/lib/nightdesk --head 1204:9f2c..."],
    load: () => import("./audit.ts"),
  },
  ...runCommands,
  ...profileCommands,
  {
    verb: "kit",
    object: "kits",
    summary: "a run-book and batch files for operators on Windows who may install nothing",
    args: [],
    options: [
      {
        syntax: "--out <DIR|ZIP>",
        meaning: "folder to make, or a zip; must not be there yet",
        required: true,
      },
      { syntax: "--lang <LANGUAGE>", meaning: "en or ja (default: en)", values: ["en", "ja"] },
      { syntax: "--operator-url <URL>", meaning: "address that the operators call (default: --url)" },
      { syntax: "--contact <TEXT>", meaning: "whom they call (default: as set for the pool)" },
      {
        syntax: "--zone <ZONE>",
        meaning: "time zone of what they read, e.g. Asia/Tokyo (default: as set for the pool)",
      },
      { syntax: "--expires <T>", meaning: "when the key of the kit ends (default: +90d)" },
      {
        syntax: "--certificate <FILE>",
        meaning:
          "certificate in PEM that Windows has to be told to trust, e.g. HOME/certificate.pem of the server",
      },
      ...team,
    ],
    examples: [
      'nightdesk kit --pool 2b8f... --out night-kit.zip --lang ja --contact "Basis +81 3 1234 5678"',
      "nightdesk kit --out night-kit --operator-url https://desk.example:4443 --certificate certificate.pem",
    ],
    load: () => import("./kit.ts"),
  },
  {
    verb: "serve",
    object: "server",
    summary: "run a server",
    args: [],
    options: [
      { syntax: "--home <DIR>", meaning: "folder with all its state", required: true },
      { syntax: "--host <HOST>", meaning: "address to listen on (default: 127.0.0.1)" },
      { syntax: "--port <N>", meaning: "port to listen on, 0 for any (default: 4480)" },
      {
        syntax: "--https-port <N>",
        meaning: "serve HTTPS there too, 0 for any; plain HTTP then stays on 127.0.0.1",
      },
      { syntax: "--tls-cert <FILE>", meaning: "its certificate in PEM (default: one that is made and kept)" },
      { syntax: "--tls-key <FILE>", meaning: "the key of that certificate" },
      {
        syntax: "--tls-name <NAMES>",
        meaning: "names or addresses that the made certificate is valid for, beside this machine's own",
      },
      { syntax: "--insecure-http", meaning: "allow plain HTTP on an address that is not loopback" },
    ],
    environment: [
      { name: "NIGHTDESK_PORT", meaning: "as --port" },
      {
        name: "NIGHTDESK_HTTPS_PORT, NIGHTDESK_TLS_CERT, NIGHTDESK_TLS_KEY",
        meaning: "as --https-port, --tls-cert, --tls-key",
      },
      { name: "NIGHTDESK_ADMIN_KEY_FILE", meaning: "file whose first line is the first admin key" },
      { name: "NIGHTDESK_ADMIN_KEY", meaning: "that key itself; without both one is made and shown once" },
      { name: "NIGHTDESK_MOST_RUNNING", meaning: "executions at once, 1 to 64; the rest waits (default: 4)" },
      {
        name: "NIGHTDESK_TRUSTED_PROXIES",
        meaning:
          "addresses and networks of proxies whose X-Forwarded-For is believed (default: none; for keys limited to addresses)",
      },
      {
        name: "NIGHTDESK_RELAY_HTTP_HOSTS",
        meaning: "hosts of teams that may be reached over plain HTTP, with commas (default: this machine)",
      },
      {
        name: "NIGHTDESK_STOP_GRACE_SECONDS",
        meaning: "how long executions may go on when the server is to end, 0 to 3600 (default: 10)",
      },
      {
        name: "NIGHTDESK_NO_PROGRESS_SECONDS",
        meaning:
          "an execution without a row or activity at the source for so long is stopped (default: 120; 0: never)",
      },
      {
        name: "NIGHTDESK_EXECUTION_LIMIT_SECONDS",
        meaning: "an execution that takes longer is stopped (default: 0, no limit)",
      },
    ],
    examples: [
      "nightdesk serve --home /var/lib/nightdesk",
      "nightdesk serve --home /var/lib/nightdesk --host 0.0.0.0 --https-port 4443 --tls-name desk.example",
    ],
    load: async () => ({ run: (await import("./serve.ts")).runServe }),
  },
  {
    verb: "demo",
    object: "sample",
    summary: "a sample source, a server, and a job that runs: see it and stop it",
    args: [],
    options: [
      {
        syntax: "--home <DIR>",
        meaning: "folder with all its state (or NIGHTDESK_HOME; default: .nightdesk)",
      },
      { syntax: "--port <N>", meaning: "port to listen on, 0 for any (or NIGHTDESK_PORT; default: 4480)" },
    ],
    environment: [
      {
        name: "NIGHTDESK_DEMO_PG_URL",
        meaning:
          "postgresql://user:password@host:5432/database as the source, instead of a PostgreSQL of its own",
      },
    ],
    examples: ["nightdesk demo"],
    load: async () => ({ run: (await import("./serve.ts")).runDemo }),
  },
];
