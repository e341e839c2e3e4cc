import type {
  ProposeResult,
  RemediationDraft,
  Transition,
  TransitionResult,
} from '../../../src/app/ports.ts';
import type { Execution, Remediation } from '../../../src/core/remediation.ts';
import type { Stores } from '../../../src/adapters/postgres/stores.ts';
import { draftOf, executionOf, fresh, proposedAudit, signalOf, stepOf } from './samples.ts';

/** The remediation of a result that must be `stored` or `done`. */
export function remediationOf(result: ProposeResult | TransitionResult): Remediation {
  if (result.kind !== 'stored' && result.kind !== 'done') throw new Error(`it is ${JSON.stringify(result)}`);
  return result.remediation;
}

export async function propose(stores: Stores, more: Partial<RemediationDraft> = {}): Promise<Remediation> {
  return remediationOf(await stores.remediations.propose(draftOf(more), proposedAudit));
}

export async function step(
  stores: Stores,
  remediation: Remediation,
  to: Transition['to'],
  more: Partial<Transition> = {},
): Promise<Remediation> {
  return remediationOf(await stores.remediations.transition(stepOf(remediation, to, more)));
}

/** Proposes, approves and applies; `execution` is what is on record when it is applied. */
export async function applied(
  stores: Stores,
  input: {
    readonly draft?: Partial<RemediationDraft>;
    readonly execution?: Partial<Execution>;
    readonly revertInMs?: number;
  } = {},
): Promise<Remediation> {
  const approved = await step(stores, await propose(stores, input.draft), 'approved');
  const execution = executionOf(input.execution);
  const running = await step(stores, approved, 'executing', { claimLeaseMs: 15_000, execution });
  return step(stores, running, 'applied', { execution, revertInMs: input.revertInMs ?? null });
}

/** Opens an incident of its own and returns its number. */
export async function openIncident(stores: Stores): Promise<number> {
  const provider = fresh('provider');
  await stores.incidents.fold({
    signals: [signalOf(provider)],
    judges: [],
    closeAfterMs: 1,
    actor: 'tester',
  });
  const incidents = await stores.incidents.listIncidents({ open: true, limit: 1_000 });
  const mine = incidents.find((incident) => incident.scope['provider'] === provider);
  if (mine === undefined) throw new Error('the incident was not opened');
  return mine.number;
}
