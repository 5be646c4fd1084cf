/** Tell the desk of a pool in which zone its people read times, and whom to call. Arguments: POOL_ID ZONE CONTACT */
import { argument, connect, say } from "./connect.js";

const client = connect();
const poolId = argument(1, "the id of the pool");
const zone = argument(2, "a zone, e.g. Asia/Tokyo");
const contact = argument(3, "whom to call");

// A set is of all of them: what it leaves out is as if nothing had been set.
const before = await client.deskSettings.get(poolId);
const now = await client.deskSettings.set(poolId, { ...before, zone, contact });
say(`times in ${now.zone ?? "UTC"}, to call: ${now.contact ?? "nobody"}; before: ${before.zone ?? "UTC"}`);
