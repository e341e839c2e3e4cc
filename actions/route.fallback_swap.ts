import { z } from 'zod';
import type { ActionContext, Expectation } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { gatewayId } from '../src/core/action-params.ts';
import { defaultDetectionSettings } from '../src/core/detection.ts';
import { onReading } from '../src/core/gateway-rows.ts';
import { incidentScope } from '../src/core/incident-scope.ts';
import {
  aliasOf,
  isOpen,
  isRequestable,
  onRouting,
  readRouting,
  servingDeployments,
} from '../src/core/model-routing.ts';
import type { Routing } from '../src/core/model-routing.ts';
import { fails, holds, unknown, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import { providerHealth } from '../src/core/provider-health.ts';
import { gatewayCan, sameGateway } from '../src/core/required-checks.ts';
import { shownNumber } from '../src/core/shown-number.ts';
import { dayReach } from '../src/core/traffic-reach.ts';

const paramsSchema = z.strictObject({ model_group: gatewayId(), to: gatewayId() });
type Params = Readonly<z.infer<typeof paramsSchema>>;

/** Points one model group at another existing group by `model_group_alias`, a hard redirect of all its traffic. */
export const routeFallbackSwap = defineAction<Params>({
  type: 'route.fallback_swap',
  version: 1,
  baseline: 25,
  reversibility: 'trivially_reversible',
  summary:
    'Send all requests for one model group to another existing group that has a healthy deployment of another provider.',
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
  ],
  subject: ({ model_group }) => ({ kind: 'model_group', id: model_group }),
  preconditions: [
    {
      id: 'model_group.known',
      severity: 'must',
      check: ({ model_group }, context) =>
        onRouting(context.evidence, (routing) =>
          verdict(isRequestable(routing, model_group), `model group \`${model_group}\``),
        ),
    },
    {
      id: 'model_group.alias_differs',
      severity: 'must',
      check: ({ model_group, to }, context) =>
        onRouting(context.evidence, ({ aliases }) => {
          const now = aliasOf(aliases, model_group);
          return verdict(now !== to, now === null ? 'not redirected now' : `redirected to \`${now}\` now`);
        }),
    },
    { id: 'model_group.target_exists', severity: 'must', check: checkTargetExists },
    {
      id: 'model_group.target_not_aliased',
      severity: 'must',
      check: ({ to }, context) =>
        onRouting(context.evidence, ({ aliases }) => {
          const next = aliasOf(aliases, to);
          return next === null
            ? holds(`\`${to}\` is not redirected`)
            : fails(`\`${to}\` is redirected to \`${next}\`; chained aliases are not followed`);
        }),
    },
    { id: 'model_group.target_open_elsewhere', severity: 'must', check: checkTargetElsewhere },
    {
      id: 'gateway.can_set_aliases',
      severity: 'must',
      check: (_params, context) => gatewayCan(context, () => true, 'store router settings'),
    },
    sameGateway,
    { id: 'model_group.in_trouble', severity: 'should', check: checkInTrouble },
    { id: 'model_group.requests_enough', severity: 'should', check: checkRequests },
    { id: 'model_group.target_provider_healthy', severity: 'should', check: checkTargetHealthy },
  ],
  plan: ({ model_group, to }, context) => {
    const routing = readRouting(context.evidence);
    if ('reason' in routing) return [];
    const from = aliasOf(routing.aliases, model_group);
    return from === to ? [] : [{ target: `litellm:model_group/${model_group}`, field: 'alias', from, to }];
  },
  reach: ({ model_group }, context) => dayReach(context, (cell) => cell.modelGroup === model_group),
  revert: () => ({ kind: 'on_request' }),
  expectation,
  revertsWhenWorse: true,
});

/**
 * Client success of the group; after a latency spike the slow provider's ratio instead, for its requests mostly
 * succeed. Windows end a minute ago (facts/litellm.md A.3): two minutes pass before one holds the effect.
 */
function expectation({ model_group }: Params, context: ActionContext): Expectation {
  const provider = avoidedByIncident(context);
  const slow = context.incident?.kind === 'latency.spike' && provider !== null;
  return {
    fact: slow ? 'provider.latency_ratio' : 'model_group.success_rate',
    subjects: [slow ? provider : model_group],
    better: slow ? 'lower' : 'higher',
    settleSeconds: 120,
    deadlineSeconds: 240,
  };
}

function checkTargetExists({ model_group, to }: Params, context: ActionContext): Check {
  return onRouting(context.evidence, (routing) => {
    if (to === model_group) return fails(`\`${to}\` is the group itself`);
    const mine = routing.deployments.filter((row) => row.modelGroup === to);
    if (mine.length === 0) return fails(`\`${to}\` has no deployment on this gateway`);
    return mine.every((row) => row.wildcard)
      ? fails(`\`${to}\` is a wildcard, not a group`)
      : holds(`\`${to}\` has ${mine.length} deployments`);
  });
}

function checkTargetElsewhere(params: Params, context: ActionContext): Check {
  return onRouting(context.evidence, (routing) => {
    const providers = targetProviders(params, context, routing);
    if (providers.length === 0)
      return fails(`\`${params.to}\` has no open deployment of a provider that would be another one`);
    const usable = providers.filter((provider) => {
      const { status } = providerHealth(context.evidence, provider);
      return status !== 'failing' && status !== 'slow';
    });
    return verdict(usable.length > 0, `\`${params.to}\`: ${providers.join(', ')}`);
  });
}

function checkTargetHealthy(params: Params, context: ActionContext): Check {
  return onRouting(context.evidence, (routing) => {
    const health = targetProviders(params, context, routing).map((one) =>
      providerHealth(context.evidence, one),
    );
    const detail = health.map((one) => one.detail).join('; ') || 'no other provider';
    if (health.some((one) => one.status === 'healthy')) return holds(detail);
    return health.some((one) => one.status === 'unknown') ? unknown(detail) : fails(detail);
  });
}

/** Providers that would take over: of the target's open deployments, without those to get away from. */
function targetProviders(
  { model_group, to }: Params,
  context: ActionContext,
  routing: Routing,
): readonly string[] {
  const sick = avoidedByIncident(context);
  const avoid =
    sick === null
      ? servingDeployments(routing, model_group)
          .filter(isOpen)
          .map((row) => row.provider)
      : [sick];
  const open = routing.deployments.filter((row) => row.modelGroup === to && isOpen(row) && !row.wildcard);
  return [...new Set(open.map((row) => row.provider))].filter((one) => !avoid.includes(one)).sort();
}

function avoidedByIncident(context: ActionContext): string | null {
  if (context.incident === null) return null;
  return incidentScope(context.incident, context.evidence).provider ?? null;
}

function checkInTrouble({ model_group }: Params, context: ActionContext): Check {
  return onRouting(context.evidence, (routing) => {
    const providers = [
      ...new Set(servingDeployments(routing, model_group).map((row) => row.provider)),
    ].sort();
    const health = providers.map((provider) => providerHealth(context.evidence, provider));
    const group = checkFailures(model_group, context);
    const detail = [group.detail, ...health.map((one) => one.detail)].join('; ');
    const bad = health.some((one) => one.status === 'failing' || one.status === 'slow');
    if (bad || group.holds === 'holds') return holds(detail);
    const seen = group.holds === 'fails' || health.some((one) => one.status === 'healthy');
    return seen ? fails(detail) : unknown(detail);
  });
}

/** Holds when the group's own clients see too many failures. */
function checkFailures(modelGroup: string, context: ActionContext): Check {
  return onReading(context.evidence, 'traffic.model_groups', (rows) => {
    const row = rows.find((candidate) => candidate.modelGroup === modelGroup);
    if (row === undefined || !(row.total > 0))
      return unknown(`no request for \`${modelGroup}\` in the window`);
    const isLow = row.failed * 100 > defaultDetectionSettings.errorRatePercent * row.total;
    return verdict(isLow, `${shownNumber((100 * row.failed) / row.total)} % of ${row.total} fail`);
  });
}

function checkRequests({ model_group }: Params, context: ActionContext): Check {
  return onReading(context.evidence, 'traffic.model_groups', (rows) => {
    const total = rows.find((row) => row.modelGroup === model_group)?.total ?? 0;
    return verdict(total >= defaultDetectionSettings.minRequests, `${total} requests for \`${model_group}\``);
  });
}
