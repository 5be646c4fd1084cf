import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import type { DataPool, DataSource, PostgresConfiguration } from "../model/definitions.ts";
import { UserError, errorLine } from "../model/errors.ts";
import { sourceTag } from "../model/execution.ts";
import { covers, describeHold } from "../model/hold.ts";
import type { SecretBox, SourceLook } from "../model/operations.ts";
import type { SourceAccess } from "../model/source.ts";
import type { DefinitionStore, ExecutionStore, HoldStore } from "../model/state-store.ts";
import { checkFree, checkedName } from "./names.ts";

/** Parts of a configuration; absent fields stay. `maxRowsPerSecond` 0 takes the limit away. */
export type ConfigurationChange = {
  [Field in keyof PostgresConfiguration]?: PostgresConfiguration[Field];
} & {
  password?: string;
};

export type NewConfiguration = PostgresConfiguration & { password: string };

type ConnectionStore = DefinitionStore & Pick<ExecutionStore, "activeExecutions"> & Pick<HoldStore, "holds">;

const mostTablesFound = 1000;

/** The rules of connections. Passwords come in here, are sealed here, and never go out again. */
export class Connections {
  readonly #store: ConnectionStore;
  readonly #secrets: SecretBox;
  readonly #look: SourceLook;
  readonly #clock: Clock;

  constructor(store: ConnectionStore, secrets: SecretBox, look: SourceLook, clock: Clock) {
    this.#store = store;
    this.#secrets = secrets;
    this.#look = look;
    this.#clock = clock;
  }

  async create(
    pool: DataPool,
    draft: { name: string; configuration: NewConfiguration },
  ): Promise<DataSource> {
    const name = checkedName(draft.name, "connection");
    checkFree(name, await this.#store.dataSources(pool.id), { id: null, what: "connection" });
    const id = newId();
    const { password, ...configuration } = draft.configuration;
    const source: DataSource = {
      id,
      poolId: pool.id,
      name,
      type: "POSTGRESQL",
      configuration: withoutZeroLimit(configuration),
      sealedPassword: this.#secrets.seal(id, password),
      createdAt: this.#clock.now(),
    };
    await this.#store.insertDataSource(source);
    return source;
  }

  /**
   * The password is needed again as soon as host, port, database, user or ssl differ: whoever may edit a
   * connection must not be able to have the stored one sent to a place of his own.
   */
  async change(
    source: DataSource,
    change: { name?: string; configuration?: ConfigurationChange },
  ): Promise<DataSource> {
    const name = change.name === undefined ? source.name : checkedName(change.name, "connection");
    checkFree(name, await this.#store.dataSources(source.poolId), { id: source.id, what: "connection" });
    const { password, ...given } = change.configuration ?? {};
    const configuration = withoutZeroLimit({ ...source.configuration, ...given });
    if (password === undefined && leadsElsewhere(source.configuration, configuration)) {
      throw new UserError(
        "invalid",
        "A change of host, port, database, user or ssl needs the password again.",
        {
          operation: "change the connection",
          attribute: "configuration.password",
          next: "Send the change together with the password.",
        },
      );
    }
    if (leadsElsewhere(source.configuration, configuration)) await this.#checkIdle(source);
    const changed: DataSource = {
      ...source,
      name,
      configuration,
      sealedPassword:
        password === undefined ? source.sealedPassword : this.#secrets.seal(source.id, password),
    };
    await this.#store.updateDataSource(changed);
    return changed;
  }

  /** Leftovers of a run are looked for where it ran, with the password that is stored: both must stay together. */
  async #checkIdle({ id, name }: DataSource): Promise<void> {
    const user = (await this.#store.activeExecutions()).find(({ plan }) => plan.dataSource?.id === id);
    if (user === undefined) return;
    throw new UserError("conflict", `execution ${user.id} of job ${JSON.stringify(user.jobName)} uses it`, {
      operation: "change host, port, database, user or ssl of a connection",
      place: JSON.stringify(name),
      next: "wait for its end, or cancel it",
    });
  }

  /** "conflict" while a data job names it. */
  async remove(source: DataSource): Promise<void> {
    await this.#store.deleteDataSource(source.id);
  }

  /** Connects once. Unreachable is an answer, not an error. "conflict" while the connection or its pool is held. */
  async test(source: DataSource): Promise<{ reachable: boolean; message: string }> {
    await this.#checkNotHeld(source, "test a connection");
    try {
      await this.#look.test(this.#access(source));
      return { reachable: true, message: "" };
    } catch (error) {
      return { reachable: false, message: errorLine(error) };
    }
  }

  /**
   * Tables at the source whose name holds `text`, or matches it where it has a `%`. Failure is an answer. "conflict"
   * while the connection or its pool is held.
   */
  async searchTables(
    source: DataSource,
    text: string,
  ): Promise<{ tables: { schema: string; name: string }[] } | { failure: string }> {
    await this.#checkNotHeld(source, "search the tables of a source");
    const pattern = text === "" || text.includes("%") ? text : `%${text}%`;
    try {
      return { tables: await this.#look.searchTables(this.#access(source), pattern, mostTablesFound) };
    } catch (error) {
      return { failure: errorLine(error) };
    }
  }

  /**
   * Executions, of whichever server, that have a session at the source now. Failure is an answer. Not kept back by a
   * hold: who holds a source asks whether it is quiet.
   */
  async executionsAt(source: DataSource): Promise<{ executionIds: string[] } | { failure: string }> {
    try {
      const tags = await this.#look.sessionTags(this.#access(source));
      return { executionIds: tags.map((tag) => tag.slice(sourceTag("").length)) };
    } catch (error) {
      return { failure: errorLine(error) };
    }
  }

  /** In a window nobody logs in, a person who tries something out neither. */
  async #checkNotHeld({ id, poolId, name }: DataSource, operation: string): Promise<void> {
    const inForce = await this.#store.holds(poolId, this.#clock.now());
    const hold = inForce.find((one) => covers(one, { poolId, jobId: null, dataSourceId: id }));
    if (hold === undefined) return;
    throw new UserError("conflict", describeHold(hold), {
      operation,
      place: JSON.stringify(name),
      next: "wait for its end, or have the hold released",
      code: "CONNECTION_HELD",
    });
  }

  #access(source: DataSource): SourceAccess {
    return {
      name: source.name,
      configuration: source.configuration,
      password: this.#secrets.open(source.id, source.sealedPassword),
    };
  }
}

function leadsElsewhere(before: PostgresConfiguration, after: PostgresConfiguration): boolean {
  return (
    before.host !== after.host ||
    before.port !== after.port ||
    before.database !== after.database ||
    before.user !== after.user ||
    before.ssl.mode !== after.ssl.mode ||
    before.ssl.ca !== after.ssl.ca
  );
}

function withoutZeroLimit(configuration: PostgresConfiguration): PostgresConfiguration {
  if (configuration.maxRowsPerSecond !== 0) return configuration;
  const { maxRowsPerSecond: _, ...unlimited } = configuration;
  return unlimited;
}
