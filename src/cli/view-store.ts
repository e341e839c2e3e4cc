import type { TriageViewState } from '../tui/view-model.ts';

/** The state of the triage view: set in one place, shown wherever it is subscribed to. */
export interface ViewStore {
  readonly get: () => TriageViewState;
  readonly set: (patch: Partial<TriageViewState>) => void;
  readonly subscribe: (listener: (state: TriageViewState) => void) => () => void;
}

/** A store that stamps each state with the clock, so that countdowns run from the right moment. */
export function createViewStore(initial: TriageViewState, now: () => string): ViewStore {
  const listeners = new Set<(state: TriageViewState) => void>();
  let state = initial;
  return {
    get: () => state,
    set: (patch) => {
      state = { ...state, ...patch, now: now() };
      for (const listener of listeners) listener(state);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
