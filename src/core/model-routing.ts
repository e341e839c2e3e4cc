import type { Aliases, Deployment, Evidence } from './evidence.ts';
import { reading } from './evidence.ts';
import { unknown } from './precondition.ts';
import type { Check } from './precondition.ts';

/** Which deployments serve which requested name (facts/litellm.md B.4: an alias wins over a group of its name). */
export interface Routing {
  readonly deployments: readonly Deployment[];
  readonly aliases: Aliases;
}

/** Deployments and aliases together, or the reason why they are unknown. */
export function readRouting(evidence: Evidence): Routing | { readonly reason: string } {
  const deployments = reading(evidence, 'gateway.deployments');
  if (deployments.status === 'unknown') return { reason: `gateway.deployments: ${deployments.reason}` };
  const aliases = reading(evidence, 'gateway.aliases');
  if (aliases.status === 'unknown') return { reason: `gateway.aliases: ${aliases.reason}` };
  return { deployments: deployments.value, aliases: aliases.value };
}

/** The check of a routing that is known; `unknown` with its reason otherwise. */
export function onRouting(evidence: Evidence, check: (routing: Routing) => Check): Check {
  const routing = readRouting(evidence);
  return 'reason' in routing ? unknown(routing.reason) : check(routing);
}

/** The group that `name` is pointed at, or null. Only own entries: a group may be called `constructor`. */
export function aliasOf(aliases: Aliases, name: string): string | null {
  return Object.hasOwn(aliases.map, name) ? (aliases.map[name] ?? null) : null;
}

/** True unless the gateway says it is blocked. */
export function isOpen(deployment: Deployment): boolean {
  return deployment.blocked !== true;
}

/** The deployments that answer requests for `name`; chained aliases are not followed. */
export function servingDeployments(routing: Routing, name: string): readonly Deployment[] {
  const group = aliasOf(routing.aliases, name) ?? name;
  return routing.deployments.filter((deployment) => deployment.modelGroup === group);
}

/** True when a group or an alias of this name exists. */
export function isRequestable(routing: Routing, name: string): boolean {
  return aliasOf(routing.aliases, name) !== null || routing.deployments.some((d) => d.modelGroup === name);
}

/** Every name with an open deployment of this provider behind it, sorted: groups and aliases alike. */
export function namesServedBy(routing: Routing, provider: string): readonly string[] {
  const groups = new Set(
    routing.deployments.filter((d) => d.provider === provider && isOpen(d)).map((d) => d.modelGroup),
  );
  const names = new Set([
    ...routing.deployments.map((d) => d.modelGroup),
    ...Object.keys(routing.aliases.map),
  ]);
  return [...names].filter((name) => groups.has(aliasOf(routing.aliases, name) ?? name)).sort();
}
