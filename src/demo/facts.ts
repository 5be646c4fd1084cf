import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readJson, writePrivate, writePrivateJson } from "./private-file.ts";

/** `demo.json` in the home, mode 0600: what a person or a script needs to go on. */
export interface DemoFacts {
  url: string;
  poolId: string;
  poolName: string;
  jobs: { id: string; name: string }[];
  /** May view and cancel in this pool, nothing else. */
  operatorKey: string;
  adminKey: string;
  source: { host: string; port: number; database: string; user: string };
}

/** `demo-state.json` in the home, mode 0600: what the next start needs. Only grows. */
export interface DemoState {
  adminKey: string;
  /** The role that reads the sample, one for each home: several may use one server. */
  reader: { user: string; password: string };
  operatorKey: { id: string; key: string; poolId: string } | null;
  /** Data sources whose "Finance documents" were loaded once at full speed. */
  financeLoaded: string[];
}

/** The state of this home, with new secrets where it has none. Saved already when this resolves. */
export async function openDemoState(home: string): Promise<DemoState> {
  const known = await readJson<DemoState>(statePath(home));
  const secret = (): string => randomBytes(32).toString("base64url");
  const state: DemoState = {
    adminKey: known?.adminKey ?? `demo-admin-${secret()}`,
    reader: known?.reader ?? { user: `nightdesk_${randomBytes(3).toString("hex")}`, password: secret() },
    operatorKey: known?.operatorKey ?? null,
    financeLoaded: known?.financeLoaded ?? [],
  };
  await saveDemoState(home, state);
  return state;
}

export async function saveDemoState(home: string, state: DemoState): Promise<void> {
  await writePrivateJson(statePath(home), state);
}

function statePath(home: string): string {
  return join(home, "demo-state.json");
}

/** Files beside demo.json, 0600, that keep secrets off command lines. */
export interface SecretFiles {
  /** One line, `Authorization: AppKey ...`: for curl's `-H @file` and for `--key-file`. */
  operatorHeader: string;
  /** The reader's password, for psql. */
  pgpass: string;
}

/** Writes `demo.json` and the files that hold one secret each. */
export async function writeFacts(
  home: string,
  facts: DemoFacts,
  readerPassword: string,
): Promise<SecretFiles> {
  const files = { operatorHeader: join(home, "operator.header"), pgpass: join(home, "source.pgpass") };
  const { host, port, database, user } = facts.source;
  const escaped = [host, String(port), database, user, readerPassword].map((part) =>
    part.replaceAll(/[\\:]/g, String.raw`\$&`),
  );
  await writePrivate(files.operatorHeader, `Authorization: AppKey ${facts.operatorKey}\n`);
  await writePrivate(files.pgpass, `${escaped.join(":")}\n`);
  await writePrivateJson(join(home, "demo.json"), facts);
  return files;
}
