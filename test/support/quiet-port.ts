import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A free port that stays free while nobody listens on it for a moment: below those that the system hands out by
 * itself, to a listener on port 0 or to a connection that is opened.
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 30_000);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((closed) => probe.close(closed));
    return port;
  }
}
