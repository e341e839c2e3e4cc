import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Randomness } from '../../app/ports.ts';

/** The machine's clock. `sleep` ends early, without an error, when its signal aborts. */
export const systemClock: Clock = {
  now: () => new Date().toISOString(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};

/** The operating system's random numbers. */
export const systemRandomness: Randomness = { hex: (bytes) => randomBytes(bytes).toString('hex') };
