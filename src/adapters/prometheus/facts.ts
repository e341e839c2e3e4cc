import { SourceError, type FactReader } from '../../app/ports.ts';
import type { ProviderMetrics, Reading, ReadingName, Readings } from '../../core/evidence.ts';
import type { PrometheusReads } from './reads.ts';

type Loaders = { readonly [N in ReadingName]?: (signal: AbortSignal) => Promise<Reading<Readings[N]>> };

/** `metrics.providers` from Prometheus. No series at all is unknown: it cannot be told from a target that is down. */
export function createPrometheusFacts(reads: PrometheusReads): FactReader {
  const loaders: Loaders = { 'metrics.providers': (signal) => readProviders(reads, signal) };
  return {
    name: 'prometheus',
    provides: ['metrics.providers'],
    read: async (name, signal) =>
      loaders[name]?.(signal) ?? {
        status: 'unknown',
        reason: 'not a reading of prometheus',
        source: 'prometheus',
      },
  };
}

async function readProviders(
  reads: PrometheusReads,
  signal: AbortSignal,
): Promise<Reading<readonly ProviderMetrics[]>> {
  const source = 'prometheus';
  try {
    const { rows, observedAt } = await reads.providers(signal);
    if (rows.length === 0)
      return { status: 'unknown', reason: 'prometheus has no attempts of any provider', source };
    return { status: 'known', value: rows, source, observedAt };
  } catch (error) {
    const reason = error instanceof SourceError ? error.message : 'the read failed';
    return { status: 'unknown', reason, source };
  }
}
