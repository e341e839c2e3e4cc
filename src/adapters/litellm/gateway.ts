import { SourceError, type EffectPort, type FactReader } from '../../app/ports.ts';
import type { Deployment, Reading, ReadingName, Readings } from '../../core/evidence.ts';
import type { JsonObject } from '../../core/json.ts';
import { createLitellmClient, type LitellmClient } from './client.ts';
import { createLitellmEffects } from './effects.ts';
import {
  judgeIdentity,
  readAliases,
  readCapabilities,
  readDeployments,
  readGuardrails,
  readTeams,
} from './gateway-readings.ts';
import { proveWriteAccess, type WriteAccess } from './write-access.ts';

export interface LitellmGateway {
  readonly effects: EffectPort;
  readonly facts: FactReader;
  /** For the worker's heartbeat: whether a write would be accepted now. Changes nothing, never throws. */
  readonly proveWriteAccess: (signal: AbortSignal) => Promise<WriteAccess>;
}

export interface LitellmGatewayOptions {
  /** The proxy's address, with a path prefix if it has one; no user name or password. */
  readonly baseUrl: string;
  /** Master key or a proxy-admin key. Sent as bearer token only. */
  readonly masterKey: string;
  /** Milliseconds for any one call; default 5 000 for reads and 10 000 for writes. */
  readonly timeoutMs?: number;
  /** Deployment ids of recent SpendLogs; null or none: not logged. Throwing makes the identity unknown. */
  readonly recentDeploymentIds?: (signal: AbortSignal) => Promise<readonly string[] | null>;
  /**
   * Row `router_settings` of the gateway's config table; null when there is none or it cannot be told. Only its names
   * matter: the values sent are always those in force.
   */
  readonly storedRouterSettings?: (signal: AbortSignal) => Promise<JsonObject | null>;
}

const source = 'litellm_api';

/** The admin API of one LiteLLM proxy: facts, effects and the proof that effects would be accepted. */
export function createLitellmGateway(options: LitellmGatewayOptions): LitellmGateway {
  const client = createLitellmClient(options);
  return {
    effects: createLitellmEffects({
      client,
      showsWithinMs: showsWithinMs(options.baseUrl),
      oneAtATime: createQueue(),
      storedRouterSettings: options.storedRouterSettings ?? (() => Promise.resolve(null)),
    }),
    facts: createFactReader(client, options.recentDeploymentIds ?? (() => Promise.resolve(null))),
    proveWriteAccess: (signal) => proveWriteAccess(client, signal),
  };
}

/** Other pods read a change from the database about every 30 s, and objects are cached for 60 s (facts/litellm.md B.1). */
const cachesShowWithinMs = 90_000;
/** On loopback there is one pod. */
const loopbackShowsWithinMs = 5_000;

function showsWithinMs(baseUrl: string): number {
  const { hostname } = new URL(baseUrl);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/u.test(hostname);
  return isLoopback ? loopbackShowsWithinMs : cachesShowWithinMs;
}

type Loaders = { readonly [N in ReadingName]?: (signal: AbortSignal) => Promise<Readings[N]> };

function createFactReader(
  client: LitellmClient,
  recentDeploymentIds: (signal: AbortSignal) => Promise<readonly string[] | null>,
): FactReader {
  const deployments = shareWhileRunning((signal) => readDeployments(client, signal));
  const loaders: Loaders = {
    'gateway.capabilities': (signal) => readCapabilities(client, deployments(signal), signal),
    'gateway.identity': async (signal) => {
      const [known, logged] = await Promise.all([deployments(signal), recentDeploymentIds(signal)]);
      return judgeIdentity(known, logged);
    },
    'gateway.deployments': deployments,
    'gateway.aliases': (signal) => readAliases(client, signal),
    'gateway.guardrails': (signal) => readGuardrails(client, signal),
    'gateway.teams': (signal) => readTeams(client, signal),
  };
  return {
    name: source,
    provides: [
      'gateway.capabilities',
      'gateway.identity',
      'gateway.deployments',
      'gateway.aliases',
      'gateway.guardrails',
      'gateway.teams',
    ],
    read: async (name, signal) => read(loaders, name, signal),
  };
}

async function read<N extends ReadingName>(
  loaders: Loaders,
  name: N,
  signal: AbortSignal,
): Promise<Reading<Readings[N]>> {
  const load = loaders[name];
  if (load === undefined) return { status: 'unknown', reason: 'the admin API does not tell', source };
  try {
    return { status: 'known', value: await load(signal), source, observedAt: new Date().toISOString() };
  } catch (error) {
    // Other texts may hold foreign words: only our own are passed on.
    const reason = error instanceof SourceError ? error.message : 'could not be read';
    return { status: 'unknown', reason, source };
  }
}

/** Callers that ask while one read is under way share it: a triage asks for the deployments three times at once. */
function shareWhileRunning(
  load: (signal: AbortSignal) => Promise<readonly Deployment[]>,
): (signal: AbortSignal) => Promise<readonly Deployment[]> {
  let running: Promise<readonly Deployment[]> | null = null;
  return (signal) => {
    running ??= load(signal).finally(() => {
      running = null;
    });
    return running;
  };
}

/** Runs one piece of work after the other; a failed one does not stop the next. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
