import { cleanSignal } from './clean-signal.ts';
import type { IncidentKind, IncidentScope, Signal, SignalSource } from './incident.ts';
import type { JsonObject } from './json.ts';
import { realTempo, type Tempo } from './tempo.ts';

/** When a measurement becomes an incident (design.md §2.1). Minutes and seconds are nominal: `tempo` scales them. */
export interface DetectionSettings {
  readonly tempo: Tempo;
  /** Unhealthy strictly above this share of failures, in per cent. */
  readonly errorRatePercent: number;
  /** Fewer requests than this in the short window say nothing. */
  readonly minRequests: number;
  readonly shortMinutes: number;
  readonly longMinutes: number;
  /** SpendLogs rows are written in batches: its windows end this long ago. */
  readonly lagSeconds: number;
  /** A spike is a short-window median strictly above this many long-window medians. */
  readonly latencyFactor: number;
  readonly strikesMin: number;
  /** Strikes must also be strictly above this many median short windows. */
  readonly strikesFactor: number;
}

export const defaultDetectionSettings: DetectionSettings = {
  tempo: realTempo,
  errorRatePercent: 25,
  minRequests: 5,
  shortMinutes: 5,
  longMinutes: 60,
  lagSeconds: 60,
  latencyFactor: 3,
  strikesMin: 10,
  strikesFactor: 3,
};

/** Who saw it, when (ISO 8601 UTC), and by which settings it is judged. */
export interface Observation {
  readonly settings: DetectionSettings;
  readonly source: SignalSource;
  readonly observedAt: string;
}

/** A confirmed signal of one of our own detectors, stripped and redacted. */
export function detected(
  observation: Observation,
  found: {
    readonly kind: IncidentKind;
    readonly scope: IncidentScope;
    readonly summary: string;
    readonly payload: JsonObject;
  },
): Signal {
  const { source, observedAt } = observation;
  return cleanSignal({ ...found, source, observedAt, confirmed: true });
}

/** `41.2 %`; one decimal. */
export function percentText(percent: number): string {
  return `${percent.toFixed(1)} %`;
}

/** 100 × part / whole, or null when there is no whole. */
export function percentOf(part: number, whole: number): number | null {
  return whole > 0 ? (100 * part) / whole : null;
}
