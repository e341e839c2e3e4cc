import { z } from 'zod';
import type { ActionDefinition, ActionLibrary, ActionType } from '../../src/core/action.ts';
import { defineAction } from '../../src/core/action.ts';
import type { IncidentKind } from '../../src/core/incident.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { holds } from '../../src/core/precondition.ts';

/** A library of three actions with the shapes of params there are: plain, one of two, free text. */
export const smallLibrary: ActionLibrary = libraryOf([
  smallAction('route.circuit_break', ['provider.unhealthy'], {
    params: z.strictObject({ provider: z.string().min(1).max(512), minutes: z.int().min(1).max(5) }),
  }),
  smallAction('limit.lower', ['budget.exceeded'], {
    params: z
      .strictObject({
        team: z.string().min(1).max(512).nullish(),
        key: z.string().min(1).max(512).nullish(),
        percent: z.int().min(1).max(90),
      })
      .refine(({ team, key }) => (team ?? null) === null || (key ?? null) === null, 'not both team and key')
      .refine(({ team, key }) => (team ?? key ?? null) !== null, 'exactly one of team and key')
      .transform(({ team, key, percent }): JsonObject => ({
        ...(typeof team === 'string' ? { team } : {}),
        ...(typeof key === 'string' ? { key } : {}),
        percent,
      })),
  }),
  smallAction('alert.page_oncall', ['provider.unhealthy', 'budget.exceeded'], {
    params: z.strictObject({ summary: z.string().min(1).max(1024), severity: z.enum(['critical', 'error']) }),
  }),
]);

/** A library of these definitions. */
export function libraryOf(list: readonly ActionDefinition[]): ActionLibrary {
  return { list, find: (type) => list.find((action) => action.type === type) ?? null };
}

/** An action with params and kinds that plans nothing and whose preconditions hold. */
export function smallAction(
  type: ActionType,
  kinds: readonly IncidentKind[],
  options: { readonly params: z.ZodType<JsonObject> },
): ActionDefinition {
  const precondition = (id: string) => ({
    id,
    severity: 'must' as const,
    check: () => holds('in this test'),
  });
  return defineAction<JsonObject>({
    type,
    version: 1,
    baseline: 15,
    reversibility: 'trivially_reversible',
    summary: `does ${type}`,
    params: options.params,
    kinds,
    readings: [],
    subject: () => ({ kind: 'provider', id: 'any' }),
    preconditions: [precondition('one'), precondition('two'), precondition('three')],
    plan: () => [],
    reach: () => ({ status: 'none' }),
    revert: () => ({ kind: 'on_request' }),
    expectation: () => null,
    revertsWhenWorse: false,
  });
}
