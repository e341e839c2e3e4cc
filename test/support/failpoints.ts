import type { DecideDeps } from '../../src/app/decide.ts';
import type { EffectPort, RemediationStore } from '../../src/app/ports.ts';
import { changeKey, type Change } from '../../src/core/change.ts';

/** Thrown at a boundary: the process is gone from there on, nothing after it runs. */
export class ProcessEnded extends Error {
  constructor(at: string) {
    super(`the process ended at ${at}`);
    this.name = 'ProcessEnded';
  }
}

/**
 * The same dependencies with an event at each boundary: before a probe (`probe`), before and after a write (`write`,
 * `written`), around the renewal of a lease (`renew`, `renewed`) and around each step of the life cycle (`to applied`,
 * `at applied`). `at` may wait, do something as somebody else, or throw.
 */
export function withEvents<Deps extends Pick<DecideDeps, 'effects' | 'remediations'>>(
  deps: Deps,
  at: (event: string, change: Change | null) => Promise<void> | void,
): Deps {
  return {
    ...deps,
    effects: deps.effects.map((port) => portWithEvents(port, at)),
    remediations: storeWithEvents(deps.remediations, at),
  };
}

type At = (event: string, change: Change | null) => Promise<void> | void;

function portWithEvents(port: EffectPort, at: At): EffectPort {
  return {
    ...port,
    probe: async (change, signal) => {
      await at('probe', change);
      return port.probe(change, signal);
    },
    write: async (change, by, signal) => {
      await at('write', change);
      const result = await port.write(change, by, signal);
      await at('written', change);
      return result;
    },
  };
}

function storeWithEvents(store: RemediationStore, at: At): RemediationStore {
  return {
    ...store,
    transition: async (step) => {
      await at(`to ${step.to}`, null);
      const result = await store.transition(step);
      await at(`at ${step.to}`, null);
      return result;
    },
    renewLease: async (id, fence, leaseMs) => {
      await at('renew', null);
      const renewed = await store.renewLease(id, fence, leaseMs);
      await at('renewed', null);
      return renewed;
    },
  };
}

/** Calls back at the nth event of this name (from 1), once. */
export function onNth(
  name: string,
  n: number,
  then: (change: Change | null) => Promise<void> | void,
): (event: string, change: Change | null) => Promise<void> {
  let seen = 0;
  return async (event, change) => {
    if (event !== name) return;
    seen += 1;
    if (seen === n) await then(change);
  };
}

/**
 * Does `work` again and again and ends its process at the first boundary, then at the second, and so on until it comes to
 * its end; `then` looks at what is left each time. Returns the boundaries there were.
 */
export async function killAtEach(
  work: (at: (event: string, change: Change | null) => void) => Promise<unknown>,
  then: () => Promise<void>,
): Promise<readonly string[]> {
  const passed: string[] = [];
  for (let n = 1; ; n += 1) {
    const names: string[] = [];
    const died = await work((event, change) => {
      names.push(change === null ? event : `${event} ${changeKey(change)}`);
      if (names.length === n) throw new ProcessEnded(event);
    }).then(
      () => false,
      (error: unknown) => {
        if (error instanceof ProcessEnded) return true;
        throw error;
      },
    );
    await then();
    if (!died) return passed;
    passed.push(names.at(-1) ?? '');
  }
}
