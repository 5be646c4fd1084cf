/**
 * Places where a test lets the process fail: `await failpoint("name")`. Nothing happens at one unless
 * `armFailpoints` named it, and only a process that was started with failpoints in its environment does.
 *
 * The names in use are exactly those in the code; test/house/failpoints.test.ts holds that each is hit by a kill test.
 */
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

type Action = "kill" | "throw" | "hang" | { delayMs: number } | { waitFor: string };

const armed = new Map<string, { action: Action; passes: number }>();

/**
 * `name=kill|throw|hang|delay:MS|wait:FILE[@N],...`: at the N-th pass (default the first) and, but for kill, every
 * later one. What waits makes `FILE.reached`, and goes on as soon as FILE is there.
 * @throws Error for a text that is none.
 */
export function armFailpoints(text: string): void {
  for (const part of text.split(",").filter((one) => one !== "")) {
    const found = /^([\w.-]+)=(kill|throw|hang|delay:(\d+)|wait:([^@]+))(?:@(\d+))?$/.exec(part);
    if (found === null)
      throw new Error(`"${part}" is not a failpoint: name=kill|throw|hang|delay:MS|wait:FILE[@N]`);
    const [, name = "", word = "", delay, file, nth] = found;
    let action: Action = word as "kill" | "throw" | "hang";
    if (delay !== undefined) action = { delayMs: Number(delay) };
    if (file !== undefined) action = { waitFor: file };
    armed.set(name, { action, passes: Number(nth ?? 1) });
  }
}

/** Fails here if it was armed to. */
export async function failpoint(name: string): Promise<void> {
  if (armed.size === 0) return;
  const point = armed.get(name);
  if (point === undefined) return;
  point.passes -= 1;
  if (point.passes > 0) return;
  const { action } = point;
  if (action === "kill") {
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => undefined);
  } else if (action === "throw") {
    throw new Error(`failpoint ${name}`);
  } else if (action === "hang") {
    await new Promise(() => undefined);
  } else if ("delayMs" in action) {
    await pause(action.delayMs);
  } else {
    writeFileSync(`${action.waitFor}.reached`, "");
    while (!existsSync(action.waitFor)) await pause(20);
    // Whatever this process was told before the file was made, it has heard of before it goes on.
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}
