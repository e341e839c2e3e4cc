import { actionLibrary } from '../../actions/library.ts';
import { createLitellmGateway } from '../adapters/litellm/gateway.ts';
import { createPagerDuty } from '../adapters/pagerduty/pager.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { createGatewayFacts } from '../adapters/postgres/gateway-facts.ts';
import { createGatewayReads, type GatewayReads } from '../adapters/postgres/gateway-reads.ts';
import { createGatewaySource } from '../adapters/postgres/gateway-source.ts';
import { createPlatformEventSource } from '../adapters/postgres/platform-events.ts';
import { createSlaEffects } from '../adapters/postgres/sla-effects.ts';
import { createPrometheusClient } from '../adapters/prometheus/client.ts';
import { createPrometheusFacts } from '../adapters/prometheus/facts.ts';
import { createPrometheusReads } from '../adapters/prometheus/reads.ts';
import { createPrometheusSource } from '../adapters/prometheus/source.ts';
import { defaultDetectionSettings } from '../core/detection.ts';
import type { Tempo } from '../core/tempo.ts';
import { findRunningGateway, type GatewayAddresses } from '../sandbox/running-gateway.ts';
import type { SandboxDatabase } from '../sandbox/sandbox-database.ts';
import { startSimulatedGateway } from '../sandbox/simulated-gateway.ts';
import type { Outside } from './session.ts';
import { metricsOf } from './wire-metrics.ts';
import type { OutsideInput } from './wire.ts';

/** A nominal minute lasts four seconds in the sandbox: a whole incident fits into two minutes. */
export const sandboxTempo: Tempo = { minuteMs: 4_000 };

const seed = 20_261_120;
/** Accepted by the simulated pager only. */
const sandboxRoutingKey = 'sandbox0000000000000000000000key';

/** The same adapters as for a real gateway, against the simulated one: another process's when it runs, else our own. */
export async function openSandbox(input: OutsideInput): Promise<Outside> {
  const { database, session } = input;
  const sandboxDatabase = asSandboxDatabase(database);
  const gateway = (await findRunningGateway(sandboxDatabase)) ?? (await start(input, sandboxDatabase));
  const settings = { ...defaultDetectionSettings, tempo: session.tempo };
  const prometheus = createPrometheusClient({ url: gateway.prometheusUrl, token: null });
  const latest: { reads: GatewayReads | null } = { reads: null };
  const litellm = createLitellmGateway({
    baseUrl: gateway.adminUrl,
    masterKey: gateway.masterKey,
    recentDeploymentIds: (signal) => latest.reads?.recentDeploymentIds(signal) ?? Promise.resolve(null),
    storedRouterSettings: (signal) => latest.reads?.storedRouterSettings(signal) ?? Promise.resolve(null),
  });
  const pagerDuty = createPagerDuty({
    routingKey: sandboxRoutingKey,
    eventsUrl: gateway.pagerUrl,
    source: 'sandbox',
  });
  return {
    library: actionLibrary,
    reads: (window) => {
      const windowed = window === 'after_effect' ? { ...settings, shortMinutes: 1 } : settings;
      const reads = createGatewayReads({
        query: (text, params) => database.query(text, params),
        settings: windowed,
        listSlas: session.slas.listSlas,
      });
      latest.reads = reads;
      const metrics = createPrometheusReads({
        client: prometheus,
        settings: windowed,
        now: session.clock.now,
      });
      return {
        sources: [
          createGatewaySource({ reads, ...metricsOf(metrics) }),
          createPrometheusSource({
            reads: metrics,
            traffic: async (signal) => (await reads.providers(signal)).rows,
          }),
          createPlatformEventSource({
            query: (text, params) => database.query(text, params),
            tempo: session.tempo,
          }),
        ],
        readers: [createGatewayFacts(reads), createPrometheusFacts(metrics), litellm.facts, session.ownFacts],
      };
    },
    effects: [litellm.effects, createSlaEffects(database), pagerDuty.effects],
    pager: pagerDuty.pager,
    models: [],
    proveWriteAccess: async (signal) => (await litellm.proveWriteAccess(signal)).proven,
    warnings: [],
    prepare: (action) => Promise.resolve(action),
  };
}

async function start(input: OutsideInput, database: SandboxDatabase): Promise<GatewayAddresses> {
  const gateway = await startSimulatedGateway({
    database,
    tempo: input.session.tempo,
    seed,
    scenario: 'provider_outage',
  });
  input.releases.push(gateway.stop);
  return gateway;
}

function asSandboxDatabase(database: Database): SandboxDatabase {
  return { query: (text, params) => database.query(text, params) };
}
