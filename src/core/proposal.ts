import { z } from 'zod';
import type { ActionType } from './action.ts';
import { factNames } from './fact.ts';
import type { FactName, FactValue } from './fact.ts';
import type { JsonObject } from './json.ts';

export type Proposer =
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'playbook' }
  | { readonly kind: 'person'; readonly name: string }
  | { readonly kind: 'runbook'; readonly name: string };

export const predicateOperators = ['lt', 'lte', 'gt', 'gte', 'eq', 'neq'] as const;
export type PredicateOperator = (typeof predicateOperators)[number];

/** A precondition in words the model may use: one comparison of one declared fact. */
export interface FactPredicate {
  readonly fact: FactName;
  readonly subject: string;
  readonly operator: PredicateOperator;
  readonly value: FactValue;
}

export const factPredicateSchema = z.strictObject({
  fact: z.enum(factNames),
  subject: z.string().max(512),
  operator: z.enum(predicateOperators),
  value: z.union([z.number(), z.boolean(), z.string().max(512), z.null()]),
});

/** A fact the model says it relied on, as `name[subject]`. */
export interface FactReference {
  readonly fact: FactName;
  readonly subject: string;
}

export interface ActionChoice {
  readonly type: ActionType;
  readonly params: JsonObject;
}

/** What somebody proposes for an incident. Only type, params and predicates reach the machinery; prose is shown last. */
export type Proposal =
  | {
      readonly kind: 'remediate';
      readonly proposedBy: Proposer;
      readonly action: ActionChoice;
      /** 0–1 as combined by `confidence.ts`; null for playbook, person and runbook. */
      readonly confidence: number | null;
      readonly preconditions: readonly FactPredicate[];
      readonly citedFacts: readonly FactReference[];
      /** Model or person text, stripped; never interpreted. */
      readonly diagnosis: string;
      readonly rejected: readonly { readonly type: string; readonly reason: string }[];
    }
  | {
      readonly kind: 'escalate';
      readonly proposedBy: Proposer;
      readonly reason: string;
      readonly diagnosis: string;
    };
