import type { JsonObject } from '../core/json.ts';
import { gatewayRefusal } from './gateway-refusal.ts';
import { effectiveRouterSettings, fallbacksOf, servingGroup, type GatewayState } from './gateway-state.ts';
import type { SeededRandom } from './random.ts';
import type { Scenario } from './scenario.ts';
import type { UsageMeter } from './usage-meter.ts';
import { providers, type SimulatedDeployment, type SimulatedKey, type SimulatedTeam } from './world.ts';

/** A request that reaches the gateway. */
export interface Arrival {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly key: SimulatedKey;
  readonly team: SimulatedTeam;
  readonly modelGroup: string;
}

/** `error_information` as the gateway logs it (facts/litellm.md A.3). */
export interface ErrorInformation {
  readonly error_code: string;
  readonly error_class: string;
  readonly llm_provider: string;
  readonly error_message: string;
  readonly traceback: string;
}

/** One call to a provider. */
export interface Attempt {
  readonly deployment: SimulatedDeployment;
  readonly requestedModel: string;
  readonly latencyMs: number;
  readonly error: ErrorInformation | null;
}

/** What became of a request, as its client saw it. */
export interface RequestOutcome {
  readonly arrival: Arrival;
  /** The group that answered or was asked last: an alias keeps its name, a fallback gives its own. */
  readonly modelGroup: string;
  readonly attempts: readonly Attempt[];
  readonly error: ErrorInformation | null;
  /** Guardrails that looked at the request, and the one that stopped it. */
  readonly guardrails: readonly {
    readonly id: string;
    readonly name: string;
    readonly intervened: boolean;
  }[];
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface RequestWorld {
  readonly state: GatewayState;
  readonly scenario: Scenario;
  readonly usage: UsageMeter;
  readonly random: SeededRandom;
}

/** A guardrail stops this share of ordinary requests. */
const strikeChance = 0.003;

/** Takes one request through the gateway: limits, guardrails, alias, deployment, provider, fallback. */
export function simulateRequest(arrival: Arrival, world: RequestWorld): RequestOutcome {
  const { state, usage, random } = world;
  const tokens = { promptTokens: 400 + Math.floor(random.next() * 900), completionTokens: 0 };
  const refused = gatewayRefusal(arrival, state, usage);
  const base = { arrival, modelGroup: arrival.modelGroup, attempts: [], guardrails: [], ...tokens };
  if (refused !== null) return { ...base, error: refused };
  for (const id of [arrival.team.id, arrival.key.token]) usage.add(id, tokens.promptTokens, arrival.atMs);
  const guardrails = runGuardrails(world);
  const stopped = guardrails.find((guardrail) => guardrail.intervened);
  if (stopped !== undefined) return { ...base, guardrails, error: guardrailError(stopped.name) };
  return { ...base, guardrails, ...routed(arrival, world), ...completion(random) };
}

const completion = (random: SeededRandom) => ({ completionTokens: 60 + Math.floor(random.next() * 600) });

function runGuardrails({ state, random }: RequestWorld): RequestOutcome['guardrails'] {
  return [...state.guardrails.values()]
    .filter((guardrail) => guardrail.defaultOn)
    .map(({ id, name }) => ({ id, name, intervened: random.chance(strikeChance) }));
}

/** The group asked for, then its fallbacks after a failed call; a blocked group gets no fallback (B.3). */
function routed(
  arrival: Arrival,
  world: RequestWorld,
): Pick<RequestOutcome, 'modelGroup' | 'attempts' | 'error'> {
  const settings = effectiveRouterSettings(world.state);
  const first = attempt(arrival, arrival.modelGroup, settings, world);
  if (first === null)
    return { modelGroup: arrival.modelGroup, attempts: [], error: blockedError(arrival.modelGroup) };
  const attempts = [first];
  if (first.error === null) return { modelGroup: arrival.modelGroup, attempts, error: null };
  for (const group of fallbacksOf(settings, arrival.modelGroup)) {
    const next = attempt(arrival, group, settings, world);
    if (next === null) continue;
    attempts.push(next);
    if (next.error === null) return { modelGroup: group, attempts, error: null };
  }
  return { modelGroup: arrival.modelGroup, attempts, error: first.error };
}

/** Calls one open deployment of the group, or null when none is open. */
function attempt(
  arrival: Arrival,
  group: string,
  settings: JsonObject,
  { state, scenario, random }: RequestWorld,
): Attempt | null {
  const serving = servingGroup(settings, group);
  const open = [...state.deployments.values()].filter((row) => row.modelGroup === serving && !row.blocked);
  if (open.length === 0) return null;
  const deployment = random.pick(open, () => 1);
  const failed = random.chance(scenario.failureChance(deployment.provider, arrival.atMs));
  return {
    deployment,
    requestedModel: group,
    latencyMs: Math.round(providers[deployment.provider].latencyMs * random.spread()),
    error: failed ? providerError(deployment, random) : null,
  };
}

const providerFaults = [
  { code: '500', name: 'InternalServerError', words: 'Internal server error', weight: 4 },
  { code: '503', name: 'ServiceUnavailableError', words: 'Overloaded', weight: 4 },
  { code: '408', name: 'Timeout', words: 'Request timed out', weight: 2 },
] as const;

function providerError(deployment: SimulatedDeployment, random: SeededRandom): ErrorInformation {
  const fault = random.pick(providerFaults, ({ weight }) => weight);
  const message = `litellm.${fault.name}: ${providers[deployment.provider].exceptionName} - ${fault.words}`;
  return {
    error_code: fault.code,
    error_class: fault.name,
    llm_provider: deployment.provider,
    error_message: message,
    traceback: `Traceback (most recent call last):\n  ${message}`,
  };
}

function blockedError(group: string): ErrorInformation {
  return {
    error_code: '403',
    error_class: 'PermissionDeniedError',
    llm_provider: '',
    error_message: `litellm.PermissionDeniedError: Model is blocked. model=${group}`,
    traceback: '',
  };
}

function guardrailError(name: string): ErrorInformation {
  return {
    error_code: '400',
    error_class: 'HTTPException',
    llm_provider: '',
    error_message: `Violated guardrail policy: ${name}`,
    traceback: '',
  };
}
