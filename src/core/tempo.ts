/**
 * How long one nominal minute lasts, in milliseconds. 60 000 everywhere except in the sandbox, where every window,
 * timer and settle time shrinks by the same factor so that a whole incident fits into two minutes.
 */
export interface Tempo {
  readonly minuteMs: number;
}

export const realTempo: Tempo = { minuteMs: 60_000 };

/** Nominal minutes to milliseconds under this tempo. */
export function minutesToMs(tempo: Tempo, minutes: number): number {
  return Math.round(minutes * tempo.minuteMs);
}

/** Nominal seconds to milliseconds under this tempo. */
export function secondsToMs(tempo: Tempo, seconds: number): number {
  return Math.round((seconds * tempo.minuteMs) / 60);
}
