import { randomBytes } from 'node:crypto';
import type { Tempo } from '../core/tempo.ts';
import { answerAdminCall, type AdminRoute } from './admin-api.ts';
import { createFaultSwitch, type FaultSwitch } from './faults.ts';
import { createGatewayState, type GatewayState } from './gateway-state.ts';
import { createGatewayStore, holdsState, prepareTables, type GatewayStore } from './gateway-store.ts';
import { writeHistory } from './history.ts';
import { startHttpServer, type RunningServer } from './http-server.ts';
import { createLiveTraffic, type LiveTraffic } from './live-traffic.ts';
import { createPagerApi, type PagerRoute, type ReceivedEvent } from './pager-api.ts';
import { createPrometheusApi, type PrometheusRoute } from './prometheus-api.ts';
import { createRandom } from './random.ts';
import { releases, type ReleaseName } from './releases.ts';
import { announceGateway, withdrawGateway, type GatewayAddresses } from './running-gateway.ts';
import type { SandboxDatabase } from './sandbox-database.ts';
import { createScenario, type ScenarioName } from './scenario.ts';
import { loadState, seedTables } from './stored-state.ts';
import { createTrafficLog } from './traffic-log.ts';
import { createUsageMeter } from './usage-meter.ts';

export type SimulatedRoute = AdminRoute | PrometheusRoute | PagerRoute;

export interface SimulatedGatewayOptions {
  /** Takes the gateway's tables; must hold no other gateway. Not closed here. */
  readonly database: SandboxDatabase;
  /** Windows and rates shrink with it; the sandbox has 4 000 ms to the minute. */
  readonly tempo: Tempo;
  /** Integer; the same seed and clock give the same traffic. */
  readonly seed: number;
  readonly scenario: ScenarioName;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly now?: () => number;
  /** `live` (default): a step of traffic every second or quarter of a nominal minute. `manual`: only by `tick`. */
  readonly traffic?: 'live' | 'manual';
  /** What lies behind it at the start: 24 nominal hours of traffic (default), or nothing yet. */
  readonly history?: 'day' | 'none';
  /** Which LiteLLM it plays; default the newest. */
  readonly release?: ReleaseName;
  /** STORE_MODEL_IN_DB; default on. */
  readonly modelStorage?: 'on' | 'off';
}

export interface SimulatedGateway extends GatewayAddresses {
  /** Lets the traffic since the last step happen. */
  readonly tick: () => Promise<void>;
  readonly faults: FaultSwitch<SimulatedRoute>;
  /** Pages that were sent here, oldest first. */
  readonly pages: () => readonly ReceivedEvent[];
  /** Why the last step of live traffic failed; null when it did not. */
  readonly problem: () => string | null;
  /** Ends traffic and servers; the tables stay as they are, for the next start. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a gateway that is not there: LiteLLM's tables with a day of traffic and new rows all the time, its admin API,
 * a Prometheus-compatible API and a pager, each on a free port of the loopback. What is changed through the admin API
 * changes where requests go and whether they succeed. State of an earlier start on the same database is taken over.
 */
export async function startSimulatedGateway(options: SimulatedGatewayOptions): Promise<SimulatedGateway> {
  const { database, tempo } = options;
  const now = options.now ?? Date.now;
  const startMs = now();
  const random = createRandom(options.seed);
  const scenario = createScenario(options.scenario, { startMs, tempo });
  await prepareTables(database);
  const store = createGatewayStore(database);
  const state = await openState(database);
  const log = createTrafficLog(tempo);
  await store.clearSpendLogs();
  if (options.history !== 'none') await writeHistory({ nowMs: startMs, tempo, scenario, random, store, log });
  const world = { state, scenario, usage: createUsageMeter(tempo), random };
  const live = createLiveTraffic({ world, store, log, tempo, startMs, now });
  const faults = createFaultSwitch<SimulatedRoute>();
  const masterKey = `sk-sandbox-${randomBytes(16).toString('hex')}`;
  const pager = createPagerApi();
  const servers = await startServers({
    admin: adminService({ state, store, masterKey, options, faults }),
    prometheus: { answer: createPrometheusApi({ log, state, tempo }, now), faults },
    pager: { answer: pager.answer, faults },
  });
  const addresses = { ...servers.urls, masterKey };
  await announceGateway(database, addresses);
  const clockwork = options.traffic === 'manual' ? idle : startClockwork(live, tempo);
  return {
    ...addresses,
    tick: live.step,
    faults,
    pages: pager.received,
    problem: clockwork.problem,
    stop: async () => {
      clockwork.stop();
      await servers.stop();
      await live.settled();
      await withdrawGateway(database);
    },
  };
}

async function openState(database: SandboxDatabase): Promise<GatewayState> {
  const state = createGatewayState();
  await ((await holdsState(database)) ? loadState(database, state) : seedTables(database, state));
  return state;
}

function adminService(input: {
  readonly state: GatewayState;
  readonly store: GatewayStore;
  readonly masterKey: string;
  readonly options: SimulatedGatewayOptions;
  readonly faults: FaultSwitch<SimulatedRoute>;
}) {
  const context = {
    state: input.state,
    store: input.store,
    masterKey: input.masterKey,
    release: releases[input.options.release ?? '1.100'],
    storesModels: input.options.modelStorage !== 'off',
  };
  return {
    answer: (call: Parameters<typeof answerAdminCall>[0]) => answerAdminCall(call, context),
    faults: input.faults,
  };
}

type Service = Parameters<typeof startHttpServer<SimulatedRoute>>[0];

async function startServers(services: {
  readonly admin: Service;
  readonly prometheus: Service;
  readonly pager: Service;
}) {
  const running: RunningServer[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
  };
  const start = async (service: Service) => {
    const server = await startHttpServer(service);
    running.push(server);
    return server.url;
  };
  try {
    const urls = {
      adminUrl: await start(services.admin),
      prometheusUrl: await start(services.prometheus),
      pagerUrl: await start(services.pager),
    };
    return { urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const idle = { stop: () => undefined, problem: () => null };

/** Steps until stopped; a failing step is told by `problem` and tried again with the next. */
function startClockwork(live: LiveTraffic, tempo: Tempo) {
  let problem: string | null = null;
  const step = () =>
    live.step().then(
      () => (problem = null),
      (error: unknown) => (problem = error instanceof Error ? error.message : 'failed'),
    );
  const timer = setInterval(() => void step(), Math.min(1_000, Math.max(20, tempo.minuteMs / 4)));
  return { stop: () => clearInterval(timer), problem: () => problem };
}
