import { isIP } from "node:net";
import type { Clock } from "../base/clock.ts";
import { isId, newId } from "../base/ids.ts";
import { isOnOwnNetwork } from "../base/reach.ts";
import type { DataPool } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { SecretBox } from "../model/operations.ts";
import type { ProbeRules } from "../model/probe.ts";
import { boundTo, type RemoteCredentials, type RemoteTeam } from "../model/remote-team.ts";
import type { StateStore } from "../model/state-store.ts";
import { notFound } from "./belonging.ts";
import { checkedName } from "./names.ts";

export interface RemoteTeamDraft {
  name: string;
  url: string;
  credentials: RemoteCredentials & { secret: string };
  pools: { id: string; name?: string }[];
  /** As they were sent; nothing is known of them yet. */
  probes?: unknown[];
}

const operation = "set a team";

/** The rules of teams far away. Their secrets come in here, are sealed here, and never go out again. */
export class RemoteTeams {
  readonly #store: StateStore;
  readonly #secrets: SecretBox;
  readonly #clock: Clock;
  readonly #plainHosts: readonly string[];
  readonly #probes: Pick<ProbeRules, "read">;
  readonly #changed: (team: string, poolIds: string[]) => void;

  /**
   * @param plainHosts hosts that may be reached over plain HTTP although they are other machines.
   * @param changed hears which team and pools are not what they were.
   */
  constructor(
    parts: {
      state: StateStore;
      secrets: SecretBox;
      clock: Clock;
      plainHosts: readonly string[];
      probes: Pick<ProbeRules, "read">;
    },
    changed: (team: string, poolIds: string[]) => void,
  ) {
    this.#store = parts.state;
    this.#secrets = parts.secrets;
    this.#clock = parts.clock;
    this.#plainHosts = parts.plainHosts;
    this.#probes = parts.probes;
    this.#changed = changed;
  }

  async list(): Promise<{ team: RemoteTeam; pools: DataPool[] }[]> {
    const pools = await this.#store.pools();
    return (await this.#store.remoteTeams()).map((team) => ({
      team,
      pools: pools.filter((pool) => pool.team?.id === team.id),
    }));
  }

  /** @throws UserError "not-found". */
  async named(id: string): Promise<{ team: RemoteTeam; pools: DataPool[] }> {
    const found = (await this.list()).find(({ team }) => team.id === id);
    if (found === undefined) throw notFound("team");
    return found;
  }

  /** @throws UserError "invalid", or "conflict" for a name or pool that is there already; then nothing is kept. */
  async create(draft: RemoteTeamDraft): Promise<{ team: RemoteTeam; pools: DataPool[] }> {
    const id = newId();
    const { secret, ...credentials } = draft.credentials;
    const team: RemoteTeam = {
      id,
      name: checkedName(draft.name, "team"),
      url: checkedUrl(draft.url, this.#plainHosts),
      credentials,
      sealedSecret: this.#secrets.seal(id, checkedSecret(secret)),
      probes: this.#probesOf(id, draft.probes ?? []),
      createdAt: this.#clock.now(),
    };
    const pools = this.#poolsOf(team, draft.pools, []);
    checkPools(team, pools);
    await this.#store.insertRemoteTeam(team, pools);
    this.#tell(team.id, pools);
    return { team, pools };
  }

  /**
   * Absent fields stay; probes that are given are all of them, whole. Another address needs the credentials again: whoever may change a team must not be able to
   * have the stored secret sent to a place of his own.
   */
  async change(
    id: string,
    change: Partial<RemoteTeamDraft>,
  ): Promise<{ team: RemoteTeam; pools: DataPool[] }> {
    const before = await this.named(id);
    const url = change.url === undefined ? before.team.url : checkedUrl(change.url, this.#plainHosts);
    if (url !== before.team.url && change.credentials === undefined) {
      throw refused("credentials", "Another address needs the credentials again.", "Send both together.");
    }
    const { secret, ...credentials } = change.credentials ?? { secret: null, ...before.team.credentials };
    const team: RemoteTeam = {
      ...before.team,
      name: change.name === undefined ? before.team.name : checkedName(change.name, "team"),
      url,
      credentials,
      sealedSecret:
        secret === null ? before.team.sealedSecret : this.#secrets.seal(id, checkedSecret(secret)),
      probes: change.probes === undefined ? before.team.probes : this.#probesOf(id, change.probes),
    };
    const pools = change.pools === undefined ? before.pools : this.#poolsOf(team, change.pools, before.pools);
    checkPools(team, pools);
    await this.#store.updateRemoteTeam(team, pools);
    this.#tell(id, [...before.pools, ...pools]);
    return { team, pools };
  }

  /** With its pools here; nothing is changed in the team itself. */
  async remove(id: string): Promise<void> {
    const { pools } = await this.named(id);
    await this.#store.deleteRemoteTeam(id);
    this.#tell(id, pools);
  }

  #tell(id: string, pools: DataPool[]): void {
    this.#changed(
      id,
      pools.map((pool) => pool.id),
    );
  }

  #probesOf(teamId: string, sent: unknown[]): RemoteTeam["probes"] {
    return this.#probes.read(sent).map(({ shown, whole }) => ({
      shown,
      sealed: this.#secrets.seal(boundTo(teamId, shown), whole),
    }));
  }

  #poolsOf(team: RemoteTeam, given: RemoteTeamDraft["pools"], before: DataPool[]): DataPool[] {
    const pools = given.map(({ id, name }): DataPool => {
      if (!isId(id))
        throw refused("pools", "The id of a pool is a UUID.", "Take it from the team's address bar.");
      const known = before.find((pool) => pool.id === id);
      return {
        id,
        name: name === undefined ? (known?.name ?? id) : checkedName(name, "data pool"),
        description: null,
        createdAt: known?.createdAt ?? this.#clock.now(),
        team: { id: team.id, name: team.name },
      };
    });
    if (new Set(pools.map(({ id }) => id)).size !== pools.length) {
      throw refused("pools", "A pool is named twice.", "Name each once.");
    }
    return pools;
  }
}

/** A probe of a pool that is not there would prove nothing, and nobody would notice. */
function checkPools({ probes }: RemoteTeam, pools: readonly DataPool[]): void {
  const lost = probes.find(({ shown }) => !pools.some(({ id }) => id === shown.pool));
  if (lost === undefined) return;
  const { name, pool } = lost.shown;
  throw refused(
    "probes",
    `The probe ${JSON.stringify(name)} is of pool ${pool}, which is none of the team's pools here.`,
    "Name the pool among pools, or send the probes without it.",
  );
}

/** Its origin. What was given is not repeated: it may hold a password. */
function checkedUrl(given: string, plainHosts: readonly string[]): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  const wrong = (message: string): UserError =>
    refused("url", message, "Give https://HOST, nothing behind it.");
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw wrong("It is no https address.");
  }
  if (url.username !== "" || url.password !== "") throw wrong("It holds a user or a password.");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw wrong("It has something behind the host.");
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (isOnOwnNetwork(host)) throw wrong("It is an address that only this machine's own network knows.");
  const loopback = host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
  if (url.protocol === "http:" && !loopback && !plainHosts.includes(host)) {
    throw refused(
      "url",
      "Plain HTTP would send the team's key over the network in clear.",
      "Give https, or have the server's admin allow the host with NIGHTDESK_RELAY_HTTP_HOSTS.",
    );
  }
  return url.origin;
}

function checkedSecret(secret: string): string {
  if (/^[\x21-\x7e]{1,8000}$/.test(secret)) return secret;
  throw refused(
    "credentials",
    "The key is empty or holds characters that no key has.",
    "Give the key alone.",
  );
}

function refused(attribute: string, message: string, next: string): UserError {
  return new UserError("invalid", message, { operation, attribute, next });
}
