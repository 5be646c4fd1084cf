/** How the desk speaks to the people of a pool. */
export interface DeskSettings {
  /** Name of the time zone that they live by, as the IANA list has it; null: UTC alone. */
  zone: string | null;
  /** Hours of a night go on to 35, as Japan counts them; only with a zone. */
  hours24to47: boolean;
  /** Whom to call where the answer is UNKNOWN, one line; null: nobody is named. */
  contact: string | null;
  /** How long after its request a stop without a proof is waited for before they are called; null: not at all. */
  escalateAfterSeconds: number | null;
}

/** Of a pool for which nothing was set, and of a team that has no such settings. */
export const noDeskSettings: DeskSettings = {
  zone: null,
  hours24to47: false,
  contact: null,
  escalateAfterSeconds: null,
};
