import { systemClock, type Clock } from "../../src/base/clock.ts";

/**
 * The system's, with a way to let time pass for which nobody has to wait: what is counted from a moment is so much
 * older then. Sleeps stay as long as they are.
 */
export function skippingClock(): Clock & { skip: (ms: number) => void } {
  let ahead = 0;
  return {
    ...systemClock,
    monotonic: () => systemClock.monotonic() + ahead,
    skip: (ms) => {
      ahead += ms;
    },
  };
}
