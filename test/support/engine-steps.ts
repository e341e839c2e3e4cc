import { grantApproval } from '../../src/app/decide.ts';
import { executeRemediation, type ExecutionOutcome } from '../../src/app/execute.ts';
import type { EffectPort, RemediationDraft } from '../../src/app/ports.ts';
import { invertChanges, type Change } from '../../src/core/change.ts';
import { proposalDigest } from '../../src/core/proposal-digest.ts';
import type { Remediation, RemediationDocument } from '../../src/core/remediation.ts';
import { initialDeployments } from '../../src/sandbox/world.ts';
import { draftOf, documentOf, proposedAudit } from '../adapters/postgres/samples.ts';
import type { AppWorld } from './app-world.ts';

/** Deployments of anthropic in the simulated gateway: what a breaker of it blocks. */
export const anthropicIds = initialDeployments
  .filter((row) => row.provider === 'anthropic')
  .map((row) => row.id);

export function block(id: string): Change {
  return { target: `litellm:deployment/${id}`, field: 'blocked', from: false, to: true };
}

export const team = 'team-batch';

/** Halves both limits of one team. */
export const throttle: readonly Change[] = [
  { target: `litellm:team/${team}`, field: 'rpm_limit', from: 300, to: 150 },
  { target: `litellm:team/${team}`, field: 'tpm_limit', from: 400_000, to: 200_000 },
];

export type Approved = Remediation & { readonly status: 'approved' };
export type Applied = Remediation & { readonly status: 'applied' };

/** Stores a proposal of these changes with the digest it really has. */
export async function propose(
  world: AppWorld,
  more: Partial<RemediationDocument> = {},
  draft: Partial<RemediationDraft> = {},
): Promise<Remediation> {
  const document = breaker(more);
  const stored = await world.stores.remediations.propose(
    draftOf({
      document,
      digest: (bound) => proposalDigest({ deployment: 'test', ...bound, document }),
      ...draft,
    }),
    proposedAudit,
  );
  if (stored.kind !== 'stored') throw new Error(`occupied by ${stored.by}`);
  return stored.remediation;
}

/** A breaker of anthropic without an expectation, unless told otherwise. */
export function breaker(more: Partial<RemediationDocument> = {}): RemediationDocument {
  const changes = more.changes ?? anthropicIds.map(block);
  return documentOf({
    expectation: null,
    changes,
    inverse: invertChanges(changes),
    locks: changes.map((change) => change.target),
    ...more,
  });
}

/** Proposes and grants. */
export async function approved(
  world: AppWorld,
  more: Partial<RemediationDocument> = {},
  draft: Partial<RemediationDraft> = {},
): Promise<Approved> {
  const pending = await propose(world, more, draft);
  const grant = await grantApproval(
    pending,
    { by: 'tester', digest: pending.digest, basis: 'typed_code' },
    world.deps,
  );
  if (grant.kind !== 'granted') throw new Error(`not granted: ${grant.kind}`);
  return grant.remediation;
}

/** Runs an approved remediation; `effects` may stand before the real ones. */
export function execute(
  world: AppWorld,
  remediation: Approved,
  effects: readonly EffectPort[] = world.effects,
): Promise<ExecutionOutcome> {
  return executeRemediation(remediation, {
    ...world.deps,
    effects,
    signalBefore: null,
    signalsBefore: [],
  });
}

/** Proposes, grants and runs; it must come out. */
export async function applied(
  world: AppWorld,
  more: Partial<RemediationDocument> = {},
  draft: Partial<RemediationDraft> = {},
): Promise<Applied> {
  const outcome = await execute(world, await approved(world, more, draft));
  if (outcome.kind !== 'applied' || outcome.remediation.status !== 'applied')
    throw new Error(`not applied: ${JSON.stringify(outcome)}`);
  return outcome.remediation;
}

/** The remediation as it is stored now. */
export async function stored(world: AppWorld, id: number): Promise<Remediation> {
  const remediation = await world.stores.remediations.getRemediation(id);
  if (remediation === null) throw new Error(`there is no remediation ${id}`);
  return remediation;
}
