import { BlockList, isIP } from "node:net";
import type { Clock } from "../base/clock.ts";
import { isId, newId } from "../base/ids.ts";
import type { DataPool } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { SecretBox } from "../model/operations.ts";
import type { RemoteCredentials, RemoteTeam } from "../model/remote-team.ts";
import type { StateStore } from "../model/state-store.ts";
import { notFound } from "./belonging.ts";
import { checkedName } from "./names.ts";

export interface RemoteTeamDraft {
  name: string;
  url: string;
  credentials: RemoteCredentials & { secret: string };
  pools: { id: string; name?: string }[];
}

const operation = "set a team";
/** Where machines of a cloud are told their own credentials. */
const linkLocal = new BlockList();
linkLocal.addSubnet("169.254.0.0", 16, "ipv4");
linkLocal.addSubnet("fe80::", 10, "ipv6");
linkLocal.addAddress("fd00:ec2::254", "ipv6");

/** The rules of teams far away. Their secrets come in here, are sealed here, and never go out again. */
export class RemoteTeams {
  readonly #store: StateStore;
  readonly #secrets: SecretBox;
  readonly #clock: Clock;
  readonly #plainHosts: readonly string[];
  readonly #changed: (team: string, poolIds: string[]) => void;

  /**
   * @param plainHosts hosts that may be reached over plain HTTP although they are other machines.
   * @param changed hears which team and pools are not what they were.
   */
  constructor(
    parts: { state: StateStore; secrets: SecretBox; clock: Clock; plainHosts: readonly string[] },
    changed: (team: string, poolIds: string[]) => void,
  ) {
    this.#store = parts.state;
    this.#secrets = parts.secrets;
    this.#clock = parts.clock;
    this.#plainHosts = parts.plainHosts;
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
      probes: [],
      createdAt: this.#clock.now(),
    };
    const pools = this.#poolsOf(team, draft.pools, []);
    await this.#store.insertRemoteTeam(team, pools);
    this.#tell(team.id, pools);
    return { team, pools };
  }

  /**
   * Absent fields stay. Another address needs the credentials again: whoever may change a team must not be able to
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
    };
    const pools = change.pools === undefined ? before.pools : this.#poolsOf(team, change.pools, before.pools);
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
  const family = isIP(host);
  if (family !== 0 && linkLocal.check(host, family === 4 ? "ipv4" : "ipv6")) {
    throw wrong("It is an address that only this machine's own network knows.");
  }
  const loopback = host === "localhost" || host === "::1" || (family === 4 && host.startsWith("127."));
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
