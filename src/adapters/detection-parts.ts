import { SourceError, type Detection, type Warning } from '../app/ports.ts';
import type { IncidentKind, Signal } from '../core/incident.ts';

/** What one detector of a source found. */
export interface DetectionPart {
  readonly signals: readonly Signal[];
  readonly judges: readonly IncidentKind[];
  readonly warnings: readonly Warning[];
}

/** Signals of one kind from one source; a thousand budgets at once are one message, not a thousand incidents. */
const signalsPerKindMax = 200;

/**
 * Puts the parts of a source together. A part that failed is a warning and judges nothing; when all failed, the first
 * failure is thrown. Too many signals of a kind are cut, said, and no longer count towards closing that kind.
 */
export async function combineParts(parts: readonly Promise<DetectionPart>[]): Promise<Detection> {
  const settled = await Promise.allSettled(parts);
  const found = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failures = settled.flatMap((result) =>
    result.status === 'rejected' ? [failureOf(result.reason)] : [],
  );
  const [first] = failures;
  if (found.length === 0 && first !== undefined) throw first;
  return boundSignals({
    signals: found.flatMap((part) => part.signals),
    judges: found.flatMap((part) => part.judges),
    warnings: [
      ...found.flatMap((part) => part.warnings),
      ...distinct(failures.map(({ code, message }) => ({ code, detail: message }))),
    ],
  });
}

function boundSignals(detection: Detection): Detection {
  const counts = Map.groupBy(detection.signals, (signal) => signal.kind);
  const crowded = [...counts].filter(([, signals]) => signals.length > signalsPerKindMax);
  if (crowded.length === 0) return detection;
  return {
    signals: [...counts.values()].flatMap((signals) => signals.slice(0, signalsPerKindMax)),
    judges: detection.judges.filter((kind) => !crowded.some(([other]) => other === kind)),
    warnings: [
      ...detection.warnings,
      ...crowded.map(([kind, signals]) => ({
        code: 'signals_cut',
        detail: `${signals.length} signals of ${kind}; only the first ${signalsPerKindMax} were taken`,
      })),
    ],
  };
}

function failureOf(reason: unknown): SourceError {
  // What is not a SourceError is a fault of ours, and must not pass for an outage.
  if (reason instanceof SourceError) return reason;
  throw reason;
}

function distinct(warnings: readonly Warning[]): readonly Warning[] {
  const seen = new Map(warnings.map((warning) => [`${warning.code} ${warning.detail}`, warning]));
  return [...seen.values()];
}
