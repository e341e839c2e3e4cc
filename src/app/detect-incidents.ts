import type { Incident, IncidentKind, SignalSource } from '../core/incident.ts';
import { minutesToMs, type Tempo } from '../core/tempo.ts';
import { visibleText } from '../core/plain-text.ts';
import {
  SourceError,
  type Detection,
  type IncidentStore,
  type SignalSourcePort,
  type Warning,
} from './ports.ts';

/** A source that has not answered by then is down for this run. */
export const detectionDeadlineMs = 10_000;
/** An incident closes when its condition has been false for this long (design.md §2.1). */
export const closeAfterMinutes = 5;
/** Shown and worked on at most this many open incidents a run; a cut is said. */
export const openIncidentLimit = 200;

export interface DetectionOutcome {
  readonly incidents: readonly Incident[];
  readonly warnings: readonly Warning[];
  /** True when no source answered that could tell whether something is wrong. */
  readonly allDown: boolean;
}

/**
 * Asks every source at once, folds what they saw into incidents, and lists the open ones. One source of several that is
 * down is a warning; a condition only counts as gone when every source that judges its kind answered.
 */
export async function detectIncidents(input: {
  readonly sources: readonly SignalSourcePort[];
  readonly incidents: IncidentStore;
  readonly tempo: Tempo;
  readonly actor: string;
}): Promise<DetectionOutcome> {
  const answers = await Promise.all(input.sources.map((source) => askSource(source)));
  const detections = answers.flatMap((answer) => (answer.status === 'answered' ? [answer.detection] : []));
  const warnings = answers.flatMap((answer) =>
    answer.status === 'answered' ? answer.detection.warnings : [answer.warning],
  );
  const signals = detections.flatMap((detection) => detection.signals);
  await input.incidents.fold({
    signals,
    judges: detections.length === input.sources.length ? judgedKinds(detections) : [],
    closeAfterMs: minutesToMs(input.tempo, closeAfterMinutes),
    actor: input.actor,
  });
  const open = await input.incidents.listIncidents({ open: true, limit: openIncidentLimit + 1 });
  return {
    incidents: open.slice(0, openIncidentLimit),
    warnings: open.length > openIncidentLimit ? [...warnings, cutWarning] : warnings,
    allDown: answers.some((answer) => answer.status === 'down') && !answers.some(tells),
  };
}

/** Its rows are what others put there: that nobody did says nothing about the gateway. */
const eventBus = 'platform_events' satisfies SignalSource;

function tells(answer: SourceAnswer): boolean {
  if (answer.status === 'down') return false;
  return answer.source !== eventBus || answer.detection.signals.length > 0;
}

const cutWarning: Warning = {
  code: 'incidents_cut',
  detail: `more than ${openIncidentLimit} incidents are open; the rest is not looked at in this run`,
};

type SourceAnswer =
  | { readonly status: 'answered'; readonly source: string; readonly detection: Detection }
  | { readonly status: 'down'; readonly warning: Warning };

async function askSource(source: SignalSourcePort): Promise<SourceAnswer> {
  const deadline = AbortSignal.timeout(detectionDeadlineMs);
  const late = new Promise<never>((_resolve, reject) => {
    deadline.addEventListener('abort', () =>
      reject(
        new SourceError(`${source.name}_unreachable`, `no answer within ${detectionDeadlineMs / 1000} s`),
      ),
    );
  });
  try {
    const detection = await Promise.race([source.detect(deadline), late]);
    return { status: 'answered', source: source.name, detection };
  } catch (error) {
    const code = error instanceof SourceError ? error.code : `${source.name}_unreachable`;
    const detail = error instanceof Error ? error.message : String(error);
    return { status: 'down', warning: { code, detail: visibleText(detail, { maxLength: 300 }) } };
  }
}

function judgedKinds(detections: readonly Detection[]): readonly IncidentKind[] {
  return [...new Set(detections.flatMap((detection) => detection.judges))];
}
