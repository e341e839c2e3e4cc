import { z } from 'zod';
import { SourceError, type Warning } from '../../app/ports.ts';
import { visibleText } from '../../core/plain-text.ts';
import {
  createMonitoringApi,
  shownError,
  type JsonAnswer,
  type MonitoringEndpoint,
} from '../monitoring-api.ts';

/** One series of an instant query. Labels and value are as the server sent them, the value finite. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Vector {
  readonly samples: readonly Sample[];
  /** The server's own warnings (the data may be partial), unreadable series, and cuts. */
  readonly warnings: readonly Warning[];
}

export interface PrometheusClient {
  /** Runs an instant query. NaN and infinities are no data and left out. Throws `SourceError`. */
  readonly queryVector: (query: string, signal: AbortSignal) => Promise<Vector>;
  /** The `data` of another read of the API. Throws `SourceError`. */
  readonly read: (
    path: string,
    signal: AbortSignal,
  ) => Promise<{ readonly data: unknown; readonly warnings: readonly Warning[] }>;
}

const samplesMax = 20_000;
const ownWarningsMax = 5;

/** A client for the HTTP API of Prometheus and of what speaks it (Mimir, Thanos, VictoriaMetrics). */
export function createPrometheusClient(endpoint: MonitoringEndpoint): PrometheusClient {
  const api = createMonitoringApi('prometheus', endpoint);
  return {
    queryVector: async (query, signal) => parseVector(unwrap(await api('/api/v1/query', { query }, signal))),
    read: async (path, signal) => {
      const envelope = unwrap(await api(path, {}, signal));
      return { data: envelope.data, warnings: ownWarnings(envelope) };
    },
  };
}

const texts = z.array(z.string()).nullish();
const envelopeSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('success'), data: z.unknown(), warnings: texts, infos: texts }),
  z.object({ status: z.literal('error'), errorType: z.string().nullish(), error: z.string().nullish() }),
]);
type Success = Extract<z.infer<typeof envelopeSchema>, { status: 'success' }>;

function unwrap(answer: JsonAnswer): Success {
  const envelope = envelopeSchema.safeParse(answer.body);
  if (!envelope.success)
    throw new SourceError(
      'prometheus_error',
      `prometheus answered ${answer.httpStatus} with JSON that is no answer of its API`,
    );
  if (envelope.data.status === 'success') return envelope.data;
  const { errorType, error } = envelope.data;
  throw new SourceError(
    'prometheus_error',
    `prometheus answered ${answer.httpStatus} ${shownError(errorType ?? '')}: ${shownError(error ?? '')}`,
  );
}

function ownWarnings(envelope: Success): readonly Warning[] {
  const all = envelope.warnings ?? [];
  const shown = all
    .slice(0, ownWarningsMax)
    .map((detail) => ({ code: 'prometheus_warning', detail: shownError(detail) }));
  if (all.length <= ownWarningsMax) return shown;
  return [
    ...shown,
    { code: 'prometheus_warning', detail: `and ${all.length - ownWarningsMax} more warnings` },
  ];
}

const vectorSchema = z.object({ resultType: z.literal('vector'), result: z.array(z.unknown()) });
const sampleSchema = z.object({
  metric: z.record(z.string(), z.string()),
  value: z.tuple([z.number(), z.string()]),
});

function parseVector(envelope: Success): Vector {
  const vector = vectorSchema.safeParse(envelope.data);
  if (!vector.success)
    throw new SourceError('prometheus_error', 'prometheus answered with no instant vector');
  const { result } = vector.data;
  const parsed = result.slice(0, samplesMax).map((series) => sampleSchema.safeParse(series));
  const read = parsed.flatMap((series) => (series.success ? [series.data] : []));
  const numbers = read.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) }));
  const unreadable = parsed.length - read.length;
  return {
    samples: numbers.filter((sample) => Number.isFinite(sample.value)),
    warnings: [
      ...ownWarnings(envelope),
      ...(unreadable === 0
        ? []
        : [{ code: 'malformed_series', detail: `prometheus: ${unreadable} series could not be read` }]),
      ...(result.length <= samplesMax
        ? []
        : [
            {
              code: 'series_cut',
              detail: `prometheus: ${result.length} series, only the first ${samplesMax} were taken`,
            },
          ]),
    ],
  };
}

/** Numbers are text there: `0.31`, `1e+00`, `NaN`, `+Inf`. */
function numberOf(text: string): number {
  return /^[+-]?\d/u.test(text) ? Number(text) : Number.NaN;
}

/** A label value fit to show and to compare; null when it is not there (LiteLLM then writes `None`). */
export function labelValue(sample: Sample, label: string): string | null {
  const value = sample.labels[label];
  if (value === undefined || value === '' || value === 'None') return null;
  return visibleText(value, { maxLength: 512 });
}
