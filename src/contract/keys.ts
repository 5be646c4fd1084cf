import type { KeyVerb, KeyWeekday } from "./enums.ts";

export interface KeyGrant {
  /** A pool id, or "*": every pool and what belongs to no pool. */
  poolId: string;
  verbs: KeyVerb[];
}

/**
 * When a key may be used, by the clock on the wall of a zone: at most a day, coming again. An hour that the zone
 * skips in spring does not come, one that it repeats in autumn comes twice.
 */
export interface KeyHours {
  /** Name in the time zone database: `Asia/Tokyo`. */
  zone: string;
  /** `HH:MM`, 00:00 to 47:59; 24:00 and later are on the day after. */
  from: string;
  /** As `from`, itself not included; `06:00` behind `22:00` is on the day after, as `30:00` is. */
  to: string;
  /** Days on which it starts; absent or null: every day. */
  days?: KeyWeekday[] | null;
}

/** Body of `POST /desk/v1/keys`, verb admin on "*". A field that is not one of these is refused. */
export interface NewKey {
  name: string;
  grants: KeyGrant[];
  /** Epoch ms; absent: never. */
  expiresAt?: number | null;
  /** Outside of them every call is a 403 that says so; absent: at any time. */
  hours?: KeyHours | null;
  /**
   * Ids of data jobs in the pools of `grants`: other jobs are then not there for the key, and what is of a pool or
   * connection as a whole is refused. Not with "*", edit or admin. Absent: all jobs.
   */
  jobs?: string[] | null;
  /** IPv4 and IPv6 addresses and networks (`192.0.2.0/24`); from elsewhere the key is like an unknown one. Absent: all. */
  addresses?: string[] | null;
}

export interface KeyTransport {
  id: string;
  name: string;
  /** First characters of the key: enough to recognise it. */
  prefix: string;
  grants: KeyGrant[];
  /** null: not limited; so are the next two. */
  hours: KeyHours | null;
  jobs: string[] | null;
  addresses: string[] | null;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

/** Answer to the POST: the only time the key itself is shown. */
export interface CreatedKey extends KeyTransport {
  key: string;
}
