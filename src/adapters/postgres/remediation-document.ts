import { z } from 'zod';
import { builtInActionTypes, type Expectation, type RevertRule } from '../../core/action.ts';
import { changeSchema } from '../../core/change.ts';
import { factNames } from '../../core/fact.ts';
import { gateReasonCodes, type GateDecision } from '../../core/gate.ts';
import type { JsonObject } from '../../core/json.ts';
import type { PreconditionResult } from '../../core/precondition.ts';
import { factPredicateSchema, type Proposer } from '../../core/proposal.ts';
import type { Approval, Execution, RemediationDocument } from '../../core/remediation.ts';
import { reversibilities } from '../../core/risk/reversibility.ts';
import type { RiskScore } from '../../core/risk/risk-score.ts';

// What was stored is parsed on the way out. The objects are loose, so that what a newer program added survives being
// read and written back by an older one.

const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json());

const proposer: z.ZodType<Proposer> = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('model'), model: z.string() }),
  z.looseObject({ kind: z.literal('playbook') }),
  z.looseObject({ kind: z.literal('person'), name: z.string() }),
  z.looseObject({ kind: z.literal('runbook'), name: z.string() }),
]);

const actionType = z.union([z.enum(builtInActionTypes), z.templateLiteral(['runbook.', z.string()])]);

const revertRule: z.ZodType<RevertRule> = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('timer'), afterMinutes: z.number() }),
  z.looseObject({ kind: z.literal('on_request') }),
]);

const expectation: z.ZodType<Expectation> = z.looseObject({
  fact: z.enum(factNames),
  subjects: z.array(z.string()),
  better: z.enum(['higher', 'lower']),
  settleSeconds: z.number(),
  deadlineSeconds: z.number(),
});

const precondition: z.ZodType<PreconditionResult> = z.looseObject({
  id: z.string(),
  source: z.enum(['required', 'model', 'auditor']),
  severity: z.enum(['must', 'should']),
  holds: z.enum(['holds', 'fails', 'unknown']),
  detail: z.string(),
});

const component = { value: z.number(), weight: z.number(), contribution: z.number() };

const reachKind = z.looseObject({
  kind: z.enum(['teams', 'models', 'providers', 'requests']),
  affected: z.number(),
  active: z.number(),
  names: z.array(z.string()),
});

const pressureReason = z.looseObject({
  code: z.enum(['after_hours', 'freeze', 'cascade', 'error_budget_low', 'failed_before']),
  points: z.number(),
  detail: z.string(),
});

const riskSettings = z.looseObject({
  weights: z.looseObject({
    blastRadius: z.number(),
    reversibility: z.number(),
    stateValidity: z.number(),
    operationalPressure: z.number(),
  }),
  pressure: z.looseObject({
    afterHours: z.number(),
    freeze: z.number(),
    cascade: z.number(),
    errorBudgetLow: z.number(),
    failedBefore: z.number(),
    cap: z.number(),
  }),
  scale: z.looseObject({ triviallyReversible: z.number(), auditTrailOnly: z.number() }),
  blastShape: z.enum(['linear', 'log']),
  source: z.string(),
});

const riskScore: z.ZodType<RiskScore> = z.looseObject({
  score: z.number(),
  threshold: z.number(),
  baseline: z.number(),
  baselineUplift: z.number(),
  components: z.looseObject({
    blastRadius: z.looseObject({ ...component, kinds: z.array(reachKind) }),
    reversibility: z.looseObject({ ...component, bucket: z.enum(reversibilities) }),
    stateValidity: z.looseObject({ ...component, failed: z.number(), total: z.number() }),
    operationalPressure: z.looseObject({ ...component, reasons: z.array(pressureReason) }),
  }),
  settings: riskSettings,
});

const gateDecision: z.ZodType<GateDecision> = z.looseObject({
  decision: z.enum(['auto_execute', 'require_approval', 'assist_only', 'refuse']),
  level: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  reasons: z.array(z.looseObject({ code: z.enum(gateReasonCodes), detail: z.string() })),
  flips: z.array(z.string()),
  refusal: z.enum(['precondition', 'dependency', 'policy']).nullable(),
});

/** What the digest binds, as it was stored. */
export const documentSchema: z.ZodType<RemediationDocument> = z.looseObject({
  action: z.looseObject({ type: actionType, params: jsonObject, version: z.number() }),
  proposedBy: proposer,
  confidence: z.number().nullable(),
  reportedConfidence: z.number().nullable().exactOptional(),
  diagnosis: z.string(),
  changes: z.array(changeSchema),
  inverse: z.array(changeSchema),
  revert: revertRule,
  expectation: expectation.nullable(),
  preconditions: z.array(precondition),
  risk: riskScore,
  gate: gateDecision,
  predicates: z.array(factPredicateSchema),
  citedFacts: z.array(z.looseObject({ fact: z.enum(factNames), subject: z.string() })),
  patternKey: z.string(),
  policyHash: z.string(),
  locks: z.array(z.string()),
  nonce: z.string(),
});

export const approvalSchema: z.ZodType<Approval> = z.looseObject({
  by: z.string(),
  identity: z.enum(['asserted', 'signed']),
  at: z.string(),
  digest: z.string(),
});

export const executionSchema: z.ZodType<Execution> = z.looseObject({
  id: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  receipts: z.array(
    z.looseObject({
      change: changeSchema,
      result: z.enum(['applied', 'already_there', 'not_applied', 'conflict', 'unknown']),
      detail: z.string(),
    }),
  ),
  revertAt: z.string().nullable(),
  revertedAt: z.string().nullable(),
  verification: z.looseObject({
    outcome: z.enum(['improved', 'not_better', 'worse', 'inconclusive', 'pending']),
    detail: z.string(),
  }),
  signalBefore: z.number().nullable(),
  signalsBefore: z.array(z.number().nullable()).exactOptional(),
  tries: z.number().exactOptional(),
});
