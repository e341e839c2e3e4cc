import { isIPv4 } from 'node:net';
import { actionLibrary, libraryWith } from '../../actions/library.ts';
import type { EffectPort, FactReader, PagerPort, SignalSourcePort } from '../app/ports.ts';
import { defaultDetectionSettings, type DetectionSettings } from '../core/detection.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { createGatewayFacts } from '../adapters/postgres/gateway-facts.ts';
import { hasGatewayTables, type RowQuery } from '../adapters/postgres/gateway-layout.ts';
import { createTableObjects } from '../adapters/postgres/gateway-objects.ts';
import { createGatewayReads, type GatewayReads } from '../adapters/postgres/gateway-reads.ts';
import { createGatewaySource } from '../adapters/postgres/gateway-source.ts';
import { createPlatformEventSource, holdsEvents } from '../adapters/postgres/platform-events.ts';
import { createSlaEffects } from '../adapters/postgres/sla-effects.ts';
import type { Config } from './config.ts';
import type { Outside, Session } from './session.ts';
import { metricsOf, openMetrics, type Metrics } from './wire-metrics.ts';
import type { OutsideInput } from './wire.ts';

/** One model answer, retries included; the whole triage is bounded besides (design.md §2.7). */
const modelTimeoutMs = 60_000;

/** Builds the real gateway's adapters from the configuration: only what is configured, each behind its port. */
export async function openGateway(input: OutsideInput): Promise<Outside> {
  const { config } = input.session;
  const gatewayQuery = await openGatewayTables(input);
  const settings = { ...defaultDetectionSettings, tempo: input.session.tempo };
  const metrics = await openMetrics(config, input.session, { gatewayTables: gatewayQuery !== null });
  const runbooks = await openRunbooks(config);
  const latest: { reads: GatewayReads | null } = { reads: null };
  const litellm = await openLitellm(input, gatewayQuery, () => latest.reads);
  const pagerDuty = await openPager(input.session);
  const events = await eventSourceFor(input, gatewayQuery, config);
  return {
    library: libraryWith(runbooks?.actions ?? []),
    reads: (window) => {
      const windowed = window === 'after_effect' ? { ...settings, shortMinutes: 1 } : settings;
      const gateway = gatewayQuery === null ? null : freshReads(gatewayQuery, windowed, input.session);
      latest.reads = gateway;
      return assemble({
        gateway,
        metrics: metrics?.(windowed, gateway) ?? null,
        litellm: litellm.facts,
        tableObjects: gatewayQuery === null ? null : createTableObjects(gatewayQuery),
        own: input.session.ownFacts,
        events,
      });
    },
    effects: [
      litellm.effects,
      createSlaEffects(input.database),
      pagerDuty.effects,
      runbooks?.effects ?? noRunbooks,
    ],
    pager: pagerDuty.pager,
    models: await openModels(config),
    proveWriteAccess: litellm.proveWriteAccess,
    warnings: runbooks?.problems ?? [],
    prepare: runbooks?.prepare ?? ((action) => Promise.resolve(action)),
  };
}

function freshReads(query: RowQuery, settings: DetectionSettings, session: Session): GatewayReads {
  return createGatewayReads({ query, settings, listSlas: session.slas.listSlas });
}

async function openGatewayTables(input: OutsideInput): Promise<RowQuery | null> {
  const { config } = input.session;
  const { openPostgres } = await import('../adapters/postgres/pool.ts');
  if (config.litellmDatabaseUrl !== null) {
    const gateway = openPostgres(config.litellmDatabaseUrl, { access: 'read_only' });
    input.releases.push(() => gateway.close());
    return rowQuery(gateway);
  }
  if (config.databaseUrl === null || !(await hasGatewayTables(rowQuery(input.database)))) return null;
  const gateway = openPostgres(config.databaseUrl, { access: 'read_only' });
  input.releases.push(() => gateway.close());
  return rowQuery(gateway);
}

/** Our own store may hold the gateway's tables too; they are only read. */
function rowQuery(database: Database): RowQuery {
  return (text, params) => database.query(text, params);
}

async function eventSourceFor(
  input: OutsideInput,
  gatewayQuery: RowQuery | null,
  config: Config,
): Promise<SignalSourcePort | null> {
  if (input.database.kind === 'embedded') return null;
  const source = createPlatformEventSource({ query: rowQuery(input.database), tempo: input.session.tempo });
  if (gatewayQuery !== null || config.prometheus !== null || config.alertmanager !== null) return source;
  // The event bus alone counts as a source only once something was ever put on it.
  return (await holdsEvents(input.database)) ? source : null;
}

interface Assembly {
  readonly gateway: GatewayReads | null;
  readonly metrics: Metrics | null;
  readonly litellm: FactReader | null;
  /** What the tables tell of the gateway's objects, for want of an admin API. */
  readonly tableObjects: FactReader | null;
  readonly own: FactReader;
  readonly events: SignalSourcePort | null;
}

function assemble(parts: Assembly): ReturnType<Outside['reads']> {
  const { gateway, metrics } = parts;
  const tables =
    gateway === null ? [] : [createGatewaySource({ reads: gateway, ...metricsOf(metrics?.reads ?? null) })];
  const readers = [
    gateway === null ? null : createGatewayFacts(gateway),
    metrics?.facts ?? null,
    parts.litellm ?? parts.tableObjects,
    parts.own,
  ];
  return {
    sources: [...tables, ...(metrics?.sources ?? []), ...(parts.events === null ? [] : [parts.events])],
    readers: readers.filter((reader) => reader !== null),
  };
}

interface LitellmParts {
  readonly effects: EffectPort;
  readonly facts: FactReader | null;
  readonly proveWriteAccess: (signal: AbortSignal) => Promise<boolean>;
}

async function openLitellm(
  input: OutsideInput,
  gatewayQuery: RowQuery | null,
  reads: () => GatewayReads | null,
): Promise<LitellmParts> {
  const { config } = input.session;
  if (config.litellm === null)
    return {
      effects: unavailable(
        'litellm:',
        'LITELLM_BASE_URL and LITELLM_MASTER_KEY are not both set, so actions can be proposed but not run',
      ),
      facts: null,
      proveWriteAccess: () => Promise.resolve(false),
    };
  const { createLitellmGateway } = await import('../adapters/litellm/gateway.ts');
  const gateway = createLitellmGateway({
    ...config.litellm,
    ...(gatewayQuery === null
      ? {}
      : {
          recentDeploymentIds: (signal) => reads()?.recentDeploymentIds(signal) ?? Promise.resolve(null),
          storedRouterSettings: (signal) => reads()?.storedRouterSettings(signal) ?? Promise.resolve(null),
        }),
  });
  const barrier = foreignGatewayBarrier(config, input.database);
  return {
    effects: barrier === null ? gateway.effects : unavailable('litellm:', barrier),
    facts: gateway.facts,
    proveWriteAccess: async (signal) => (await gateway.proveWriteAccess(signal)).proven,
  };
}

/** Two engineers with two private stores would share no fence (design.md §3). */
function foreignGatewayBarrier(config: Config, database: Database): string | null {
  if (database.kind === 'server' || config.litellm === null) return null;
  const host = new URL(config.litellm.baseUrl).hostname;
  if (host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))) return null;
  return 'the embedded store is private to this machine: set DATABASE_URL before anything may run on a gateway that is not on loopback';
}

async function openPager(
  session: Session,
): Promise<{ readonly effects: EffectPort; readonly pager: PagerPort }> {
  const { pagerduty } = session.config;
  if (pagerduty === null)
    return { effects: unavailable('pagerduty:', 'PAGERDUTY_ROUTING_KEY is not set'), pager: noPager };
  const { createPagerDuty } = await import('../adapters/pagerduty/pager.ts');
  return createPagerDuty({ ...pagerduty, source: session.deployment });
}

async function openModels(config: Config): Promise<Outside['models']> {
  if (config.models.length === 0) return [];
  const { createChatModel } = await import('../adapters/llm/chat-model.ts');
  return config.models.map((endpoint) => createChatModel({ ...endpoint, timeoutMs: modelTimeoutMs }));
}

async function openRunbooks(config: Config) {
  if (config.runbookDirectory === null) return null;
  const { loadRunbooks } = await import('../adapters/shell/runbook-actions.ts');
  return loadRunbooks({ directory: config.runbookDirectory });
}

/** A port that serves its targets only to say why nothing can run. */
export function unavailable(prefix: string, reason: string): EffectPort {
  return {
    serves: (target) => target.startsWith(prefix),
    unavailable: reason,
    oneShot: false,
    probe: () => Promise.resolve({ status: 'not_readable', reason }),
    write: () => Promise.resolve({ status: 'refused', reason }),
  };
}

const noRunbooks = unavailable('runbook:', 'SRE_RUNBOOK_DIR is not set');

export const noPager: PagerPort = {
  configured: false,
  page: () => Promise.resolve({ accepted: false, reason: 'no pager is configured (PAGERDUTY_ROUTING_KEY)' }),
};

/** The library without runbooks, for commands that only look at it. */
export const builtInLibrary = actionLibrary;
