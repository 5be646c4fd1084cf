import type { Clock } from "../base/clock.ts";
import type { DataPool } from "../model/definitions.ts";
import { UnavailableError } from "../model/errors.ts";
import type { SecretBox } from "../model/operations.ts";
import type { ProbeRules, TeamProbe } from "../model/probe.ts";
import { boundTo, type RelayEnd, type RemoteCredentials, type StopMemory } from "../model/remote-team.ts";
import type { StateStore } from "../model/state-store.ts";
import { notFound } from "./belonging.ts";
import { SharedReads } from "./shared-reads.ts";

/** How a team far away is reached; a root file knows. */
export type ConnectEnd = (
  team: { url: string; credentials: RemoteCredentials & { secret: string } },
  memory: StopMemory,
) => RelayEnd;

export interface Relayed {
  end: RelayEnd;
  reads: SharedReads;
  /** Ends what goes on when its caller has left. */
  closing: AbortSignal;
  /** Of all pools of the team. Each look is shared with all who wait for it. */
  probes: TeamProbe[];
}

export interface RelaysParts {
  state: StateStore;
  secrets: SecretBox;
  clock: Clock;
  /** How a probe is made of what is stored of it. */
  openProbe: ProbeRules["open"];
}

function noConnect(): never {
  throw new UnavailableError("this server relays to no other team", { operation: "ask another team" });
}

/** The ends of all teams far away: one each, for as long as its row stays as it is. */
export class Relays {
  readonly #parts: RelaysParts & { connect: ConnectEnd };
  readonly #open = new Map<string, Promise<Relayed>>();
  readonly #closing = new AbortController();

  /** @param connect absent: no team can be reached. */
  constructor(parts: RelaysParts, connect: ConnectEnd = noConnect) {
    this.#parts = { ...parts, connect };
  }

  /** Of the team that has the pool. @throws UserError "not-found" where it is gone meanwhile. */
  async of(pool: DataPool): Promise<Relayed> {
    const id = pool.team?.id ?? "";
    const open = this.#open.get(id) ?? this.#connect(id);
    this.#open.set(id, open);
    open.catch(() => this.#open.delete(id));
    return open;
  }

  /** Its row is another one. */
  forget(teamId: string): void {
    this.#open.delete(teamId);
  }

  /** Ends every read that is on its way. */
  close(): void {
    this.#closing.abort(new Error("the server ends"));
  }

  async #connect(id: string): Promise<Relayed> {
    const { state, secrets, clock, connect, openProbe } = this.#parts;
    const team = await state.remoteTeam(id);
    if (team === null) throw notFound("data pool");
    const credentials = { ...team.credentials, secret: secrets.open(team.id, team.sealedSecret) };
    const memory: StopMemory = {
      lasting: true,
      // Noted with its caller before it is handed to the end.
      note: () => Promise.resolve(),
      open: (poolId, jobId) => state.openRelayedStop(poolId, jobId),
      close: (poolId, jobId, executionId) => state.closeRelayedStop(poolId, jobId, executionId, clock.now()),
    };
    const looks = new SharedReads(clock, this.#closing.signal, { longestTurnMs: Infinity });
    return {
      end: connect({ url: team.url, credentials }, memory),
      reads: new SharedReads(clock, this.#closing.signal),
      closing: this.#closing.signal,
      probes: team.probes.map(({ shown, sealed }) =>
        sharing(openProbe(secrets.open(boundTo(team.id, shown), sealed)), looks),
      ),
    };
  }
}

/** Many who look cost the source hardly more than one: at most one look of a probe is on its way, and one waits. */
function sharing(one: TeamProbe, looks: SharedReads): TeamProbe {
  const { name, probe } = one;
  const ask = (options: { signal: AbortSignal }) => probe.look(options);
  return { ...one, probe: { look: async (options) => (await looks.read(name, ask, options)).value } };
}
