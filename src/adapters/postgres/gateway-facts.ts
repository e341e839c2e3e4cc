import { SourceError, type FactReader } from '../../app/ports.ts';
import type { Reading, ReadingName, Readings } from '../../core/evidence.ts';
import type { GatewayReads } from './gateway-reads.ts';
import type { GatewayRows } from './gateway-rows.ts';

/** Readings that come from the gateway's tables (and the SLA contracts of our own store). */
export const gatewayReadingNames = [
  'gateway.teams',
  'gateway.organizations',
  'gateway.keys',
  'traffic.day',
  'traffic.guardrails',
  'traffic.providers',
  'traffic.model_groups',
  'spend.growth',
  'sla.contracts',
  'sla.measurements',
  'guardrail.strikes',
] as const satisfies readonly ReadingName[];
type GatewayReadingName = (typeof gatewayReadingNames)[number];

type Loader<T> = (signal: AbortSignal) => Promise<T>;
type Loaders = {
  readonly [N in ReadingName]?: { readonly source: string; readonly load: Loader<Readings[N]> };
};

/**
 * The gateway's tables as readings. A list that had to be cut is unknown: half of a traffic or a team list would make a
 * blast radius too small. Never throws.
 */
export function createGatewayFacts(reads: GatewayReads): FactReader {
  const loaders: Loaders & { readonly [N in GatewayReadingName]: unknown } = {
    'gateway.teams': { source: 'gateway_tables', load: whole(reads.teams) },
    'gateway.organizations': { source: 'gateway_tables', load: whole(reads.organizations) },
    'gateway.keys': { source: 'gateway_tables', load: whole(reads.keys) },
    'traffic.day': {
      source: 'spend_logs',
      load: whole(async (signal) => {
        const day = await reads.day(signal);
        return { rows: day.cells, cut: day.cut, malformed: day.malformed };
      }),
    },
    'spend.growth': {
      source: 'spend_logs',
      load: whole(async (signal) => {
        const day = await reads.day(signal);
        return { rows: day.growth, cut: day.cut, malformed: day.malformed };
      }),
    },
    'traffic.guardrails': { source: 'spend_logs', load: whole(reads.guardrailTraffic) },
    'traffic.providers': { source: 'spend_logs', load: whole(reads.providers) },
    'traffic.model_groups': { source: 'spend_logs', load: whole(reads.modelGroups) },
    'guardrail.strikes': { source: 'spend_logs', load: whole(reads.strikes) },
    'sla.contracts': { source: 'scutum_sre', load: reads.slaContracts },
    'sla.measurements': {
      source: 'spend_logs',
      load: async (signal) => (await reads.slaMeasurements(signal)).rows,
    },
  };
  return {
    name: 'gateway_tables',
    provides: gatewayReadingNames,
    read: (name, signal) => readOne(reads, loaders, name, signal),
  };
}

async function readOne<N extends ReadingName>(
  reads: GatewayReads,
  loaders: Loaders,
  name: N,
  signal: AbortSignal,
): Promise<Reading<Readings[N]>> {
  const loader = loaders[name];
  if (loader === undefined)
    return { status: 'unknown', reason: 'not a reading of the gateway tables', source: 'gateway_tables' };
  const { source } = loader;
  try {
    const [value, observedAt] = await Promise.all([loader.load(signal), reads.observedAt(signal)]);
    return { status: 'known', value, source, observedAt };
  } catch (error) {
    const reason = error instanceof SourceError ? error.message : 'the read failed';
    return { status: 'unknown', reason, source };
  }
}

function whole<Row>(load: Loader<GatewayRows<Row>>): Loader<readonly Row[]> {
  return async (signal) => {
    const { rows, cut } = await load(signal);
    if (cut !== null) throw new SourceError('spend_logs_error', cut);
    return rows;
  };
}
