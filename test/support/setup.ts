/** Before the tests of each file: whoever waits in a test knows when the runner would end it. */
import { afterEach, beforeEach } from "vitest";
import { testEndsAt } from "./until.ts";

beforeEach(({ task }) => testEndsAt(performance.now() + task.timeout));
afterEach(() => testEndsAt(null));
