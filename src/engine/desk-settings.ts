import { isZone } from "../base/zones.ts";
import type { DataPool } from "../model/definitions.ts";
import { noDeskSettings, type DeskSettings } from "../model/desk-settings.ts";
import { UserError } from "../model/errors.ts";
import type { DefinitionStore } from "../model/state-store.ts";

/** The last line of an answer must have room for it. */
const longestContact = 120;
const longestWaitSeconds = 86_400;

/** The rules of a pool's desk settings. */
export class DeskSettingsRules {
  readonly #store: Pick<DefinitionStore, "deskSettings" | "saveDeskSettings">;

  constructor(store: Pick<DefinitionStore, "deskSettings" | "saveDeskSettings">) {
    this.#store = store;
  }

  async of(poolId: string): Promise<DeskSettings> {
    return (await this.#store.deskSettings(poolId)) ?? noDeskSettings;
  }

  /** Sets all of them. @throws UserError "invalid", and then nothing is changed. */
  async set(pool: DataPool, settings: DeskSettings): Promise<DeskSettings> {
    const contact = settings.contact?.trim() ?? "";
    const wrong = (attribute: keyof DeskSettings, message: string, next: string): never => {
      throw new UserError("invalid", message, { operation: "set the desk of the pool", attribute, next });
    };
    const { zone, hours24to47, escalateAfterSeconds: seconds } = settings;
    if (zone !== null && !isZone(zone))
      wrong("zone", "It is no time zone.", "Give a name such as Asia/Tokyo.");
    if (hours24to47 && zone === null) wrong("hours24to47", "It needs a zone.", "Give the zone too.");
    if (contact.length > longestContact) {
      wrong("contact", `It is longer than ${String(longestContact)} characters.`, "Shorten it.");
    }
    if (seconds !== null && (!Number.isInteger(seconds) || seconds < 0 || seconds > longestWaitSeconds)) {
      const most = String(longestWaitSeconds);
      wrong("escalateAfterSeconds", `It is no whole number from 0 to ${most}.`, "Give seconds.");
    }
    if (seconds !== null && contact === "")
      wrong("escalateAfterSeconds", "There is nobody to call after it.", "Give the contact too.");
    const set = {
      zone,
      hours24to47,
      contact: contact === "" ? null : contact,
      escalateAfterSeconds: seconds,
    };
    await this.#store.saveDeskSettings(pool.id, set);
    return set;
  }
}
