import { z } from 'zod';
import { SourceError, type Detection, type SignalSourcePort } from '../../app/ports.ts';
import { cleanSignal } from '../../core/clean-signal.ts';
import { eventScope } from '../../core/event-scope.ts';
import { incidentKinds, type IncidentKind, type Signal } from '../../core/incident.ts';
import { visibleText } from '../../core/plain-text.ts';
import { minutesToMs, type Tempo } from '../../core/tempo.ts';
import type { RowQuery } from './gateway-layout.ts';

/** An event asserts its condition for this many nominal minutes; whoever sent it sends again while it lasts. */
const assertedMinutes = 15;
/** Nominal minutes an event may come from the future before its clock is not believed. */
const futureMinutes = 5;
const eventsMax = 500;
/** Largest event data taken, in characters of its text: what CloudEvents says intermediaries must forward. */
const dataCharactersMax = 65_536;

// `now()` and not `clock_timestamp()`, which is volatile and would keep an index on time from being used.
const eventsSql = `
SELECT left(source, 512) AS source, left(id, 512) AS id, left(type, 200) AS type, left(subject, 512) AS subject,
       to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now,
       coalesce(time <= now() + $2::float8 * interval '1 millisecond', false) AS dated,
       coalesce(length(data::text) > $3::int, false) AS too_large,
       CASE WHEN length(data::text) <= $3::int THEN data END AS data
FROM scutum_sre.platform_events
WHERE time >= now() - $1::float8 * interval '1 millisecond' OR time IS NULL
ORDER BY time DESC NULLS LAST, source, id LIMIT $4::int`;

const eventSchema = z.object({
  source: z.string(),
  id: z.string(),
  type: z.string(),
  subject: z.string().nullable(),
  time: z.string().nullable(),
  now: z.string(),
  dated: z.boolean(),
  too_large: z.boolean(),
  data: z.json(),
});
type Event = z.infer<typeof eventSchema>;

/**
 * Events other programs inserted, as unconfirmed signals: `type` is an incident kind, the scope comes from `data` or
 * `subject`; an unknown type is an `alert` of that name. The primary key (source, id) makes a repeated insert one event.
 * `judges` are the kinds whose absence here closes an incident (default: none, an event only asserts).
 */
export function createPlatformEventSource(options: {
  readonly query: RowQuery;
  readonly tempo: Tempo;
  readonly judges?: readonly IncidentKind[];
}): SignalSourcePort {
  return {
    name: 'platform_events',
    detect: async () => {
      const rows = await options
        .query(eventsSql, [
          minutesToMs(options.tempo, assertedMinutes),
          minutesToMs(options.tempo, futureMinutes),
          dataCharactersMax,
          eventsMax + 1,
        ])
        .catch(asSourceError);
      return detectionFrom(rows, options.judges ?? []);
    },
  };
}

function detectionFrom(rows: readonly unknown[], judges: readonly IncidentKind[]): Detection {
  const parsed = rows.slice(0, eventsMax).map((row) => eventSchema.safeParse(row));
  const events = parsed.flatMap((row) => (row.success ? [row.data] : []));
  const dated = events.filter((event) => event.dated);
  const signals = dated.map(signalOf).filter((signal) => signal !== null);
  const cut = rows.length > eventsMax;
  const problems = [
    { count: parsed.length - events.length, text: 'could not be read' },
    { count: events.length - dated.length, text: 'have no time, or one in the future, and are ignored' },
    {
      count: dated.length - signals.length,
      text: 'have neither a subject nor data that say what they are about',
    },
  ];
  const warnings = problems
    .filter(({ count }) => count > 0)
    .map(({ count, text }) => ({ code: 'platform_events', detail: `${count} platform events ${text}` }));
  return {
    signals,
    judges: cut ? [] : judges,
    warnings: cut ? [...warnings, cutWarning] : warnings,
  };
}

const cutWarning = {
  code: 'platform_events',
  detail: `more than ${eventsMax} current platform events; only the newest were taken`,
};

function signalOf(event: Event): Signal | null {
  const stated = incidentKinds.find((kind) => kind === event.type);
  const kind = stated ?? 'alert';
  const scope = eventScope(kind, event);
  if (scope === null) return null;
  const about = Object.entries(scope)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
  return cleanSignal({
    kind,
    scope,
    summary: `event ${event.type} from ${event.source}: ${about}`,
    source: 'platform_events',
    confirmed: false,
    observedAt: event.now,
    payload: {
      source: event.source,
      id: event.id,
      type: event.type,
      time: event.time,
      subject: event.subject,
      data: event.too_large ? `left out: more than ${dataCharactersMax} characters` : event.data,
    },
  });
}

function asSourceError(error: unknown): never {
  const detail = error instanceof Error ? error.message : String(error);
  throw new SourceError('platform_events_unreachable', visibleText(detail, { maxLength: 300 }));
}

/** Whether anything was ever put on the event bus. */
export async function holdsEvents(database: { readonly query: RowQuery }): Promise<boolean> {
  return (await database.query('SELECT 1 FROM scutum_sre.platform_events LIMIT 1', [])).length > 0;
}
