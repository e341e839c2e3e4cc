import { z } from 'zod';
import type { ActionContext, Expectation } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { gatewayId, wholeNumber } from '../src/core/action-params.ts';
import { defaultDetectionSettings } from '../src/core/detection.ts';
import type { Deployment } from '../src/core/evidence.ts';
import { known } from '../src/core/evidence.ts';
import { onReading } from '../src/core/gateway-rows.ts';
import {
  isOpen,
  namesServedBy,
  onRouting,
  readRouting,
  servingDeployments,
} from '../src/core/model-routing.ts';
import { fails, holds, unknown, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import {
  describeSamples,
  hasEnoughRequests,
  isFailing,
  providerHealth,
  providerSamples,
} from '../src/core/provider-health.ts';
import type { ProviderSample } from '../src/core/provider-health.ts';
import { gatewayCan, sameGateway } from '../src/core/required-checks.ts';
import { dayReach } from '../src/core/traffic-reach.ts';

const paramsSchema = z.strictObject({
  provider: gatewayId(),
  minutes: wholeNumber({ min: 1, max: 5 }),
});
type Params = Readonly<z.infer<typeof paramsSchema>>;

/** One call a deployment: more could not be undone in time. */
const deploymentsMax = 100;

/**
 * Blocks every open deployment of one provider and unblocks exactly those after at most five minutes. LiteLLM has no
 * provider switch and no timer (facts/litellm.md B.3), so the minutes are ours.
 */
export const routeCircuitBreak = defineAction<Params>({
  type: 'route.circuit_break',
  version: 1,
  baseline: 15,
  reversibility: 'auto_reverting',
  summary:
    'Block every deployment of one provider for at most 5 minutes, so that its model groups are served by other providers; unblocked again by a timer.',
  params: paramsSchema,
  kinds: ['provider.unhealthy', 'latency.spike', 'sla.violation'],
  readings: [
    'gateway.capabilities',
    'gateway.identity',
    'gateway.deployments',
    'gateway.aliases',
    'traffic.day',
    'traffic.providers',
    'traffic.model_groups',
    'metrics.providers',
    'sla.contracts',
    'own.worker',
  ],
  subject: ({ provider }) => ({ kind: 'provider', id: provider }),
  preconditions: [
    {
      id: 'provider.deployments_known',
      severity: 'must',
      check: ({ provider }, context) =>
        onDeployments(provider, context, (mine) =>
          verdict(mine.length > 0, `\`${provider}\` has ${mine.length} deployments`),
        ),
    },
    { id: 'provider.deployments_open', severity: 'must', check: checkOpen },
    {
      id: 'provider.deployments_in_database',
      severity: 'must',
      check: ({ provider }, context) =>
        onDeployments(provider, context, (mine) =>
          refuseAny(mine, (row) => !row.inDatabase, 'defined in config.yaml, not changeable by API'),
        ),
    },
    {
      id: 'provider.no_wildcard',
      severity: 'must',
      check: ({ provider }, context) =>
        onDeployments(provider, context, (mine) =>
          refuseAny(mine, (row) => row.wildcard, 'wildcard, ignores a block until the proxy restarts'),
        ),
    },
    {
      id: 'gateway.can_block',
      severity: 'must',
      check: (_params, context) =>
        gatewayCan(context, (can) => can.canBlockDeployments, 'block a deployment'),
    },
    sameGateway,
    { id: 'provider.groups_keep_deployment', severity: 'must', check: checkGroupsKeepDeployment },
    { id: 'provider.error_rate_above', severity: 'should', check: checkErrorRate },
    { id: 'provider.requests_enough', severity: 'should', check: checkRequests },
    { id: 'provider.alternatives_healthy', severity: 'should', check: checkAlternatives },
  ],
  plan: ({ provider }, context) =>
    deploymentsOf(provider, context)
      .filter((row) => row.blocked === false)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((row) => ({ target: `litellm:deployment/${row.id}`, field: 'blocked', from: false, to: true })),
  reach: ({ provider }, context) => dayReach(context, (cell) => cell.provider === provider),
  revert: ({ minutes }) => ({ kind: 'timer', afterMinutes: minutes }),
  expectation,
  revertsWhenWorse: true,
});

/**
 * Client success of the groups that were behind the provider; of those with enough requests to tell, where there are
 * any, because chance in a quiet group would look like harm. Windows end a minute ago (facts/litellm.md A.3): the first
 * one with a minute after the effect in it is read after two.
 */
function expectation({ provider }: Params, { evidence }: ActionContext): Expectation {
  const routing = readRouting(evidence);
  const names = 'reason' in routing ? [] : namesServedBy(routing, provider);
  const rows = known(evidence, 'traffic.model_groups') ?? [];
  const { minRequests } = defaultDetectionSettings;
  const busy = new Set(rows.filter((row) => row.total >= minRequests).map((row) => row.modelGroup));
  const measurable = names.filter((name) => busy.has(name));
  return {
    fact: 'model_group.success_rate',
    subjects: measurable.length > 0 ? measurable : names,
    better: 'higher',
    settleSeconds: 120,
    deadlineSeconds: 240,
  };
}

function deploymentsOf(provider: string, context: ActionContext): readonly Deployment[] {
  return (known(context.evidence, 'gateway.deployments') ?? []).filter((row) => row.provider === provider);
}

function onDeployments(
  provider: string,
  context: ActionContext,
  check: (mine: readonly Deployment[]) => Check,
): Check {
  return onReading(context.evidence, 'gateway.deployments', (rows) =>
    check(rows.filter((row) => row.provider === provider)),
  );
}

function refuseAny(rows: readonly Deployment[], bad: (row: Deployment) => boolean, why: string): Check {
  const found = rows.filter(bad);
  return found.length === 0
    ? holds(`none of ${rows.length} is ${why}`)
    : fails(`\`${found[0]?.id}\` and ${found.length - 1} more: ${why}`);
}

function checkOpen({ provider }: Params, context: ActionContext): Check {
  return onDeployments(provider, context, (mine) => {
    if (mine.some((row) => row.blocked === null))
      return fails('this gateway does not report whether a deployment is blocked');
    const open = mine.filter(isOpen).length;
    if (open > deploymentsMax)
      return fails(`${open} deployments would have to be blocked; at most ${deploymentsMax}`);
    return verdict(open > 0, `${open} of ${mine.length} are open`);
  });
}

/** All deployments of a group blocked means 403 for its clients, and no fallback is tried (facts/litellm.md B.3). */
function checkGroupsKeepDeployment({ provider }: Params, context: ActionContext): Check {
  return onAlternatives(provider, context, (name, providers) => {
    if (providers.length === 0) return fails(`\`${name}\` has no open deployment of another provider`);
    const usable = providers.filter((other) => providerHealth(context.evidence, other).status !== 'failing');
    return verdict(
      usable.length > 0,
      `\`${name}\` keeps ${(usable.length > 0 ? usable : providers).join(', ')}`,
    );
  });
}

function checkAlternatives({ provider }: Params, context: ActionContext): Check {
  return onAlternatives(provider, context, (name, providers) => {
    const health = providers.map((other) => providerHealth(context.evidence, other));
    const detail = `\`${name}\`: ${health.map((one) => one.detail).join('; ') || 'nothing else'}`;
    if (health.some((one) => one.status === 'healthy')) return holds(detail);
    return health.some((one) => one.status === 'unknown') ? unknown(detail) : fails(detail);
  });
}

/** The first name behind the provider whose check does not hold decides. */
function onAlternatives(
  provider: string,
  context: ActionContext,
  check: (name: string, otherProviders: readonly string[]) => Check,
): Check {
  return onRouting(context.evidence, (routing) => {
    const names = namesServedBy(routing, provider);
    const checks = names.map((name) => {
      const others = servingDeployments(routing, name).filter(
        (row) => row.provider !== provider && isOpen(row),
      );
      return check(name, [...new Set(others.map((row) => row.provider))].sort());
    });
    const worst =
      checks.find((one) => one.holds === 'fails') ?? checks.find((one) => one.holds === 'unknown');
    return worst ?? holds(`${names.length} model groups: ${checks.map((one) => one.detail).join('; ')}`);
  });
}

/** Either source may tell: the database sees only what fallbacks did not rescue. */
function checkErrorRate({ provider }: Params, context: ActionContext): Check {
  return onSamples(provider, context, (samples, detail) => verdict(samples.some(isFailing), detail));
}

function checkRequests({ provider }: Params, context: ActionContext): Check {
  return onSamples(provider, context, (samples, detail) => verdict(samples.some(hasEnoughRequests), detail));
}

function onSamples(
  provider: string,
  context: ActionContext,
  check: (samples: readonly ProviderSample[], detail: string) => Check,
): Check {
  const { samples, missing } = providerSamples(context.evidence, provider);
  const detail = describeSamples(provider, samples, missing);
  return samples.length === 0 ? unknown(detail) : check(samples, detail);
}
