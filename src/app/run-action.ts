import { builtInActionTypes, type ActionDefinition } from '../core/action.ts';
import type { Incident } from '../core/incident.ts';
import type { JsonObject } from '../core/json.ts';
import type { Remediation } from '../core/remediation.ts';
import { assess, store } from './assess.ts';
import { groundFor, groundOf, type DecideDeps } from './decide.ts';
import { judge, type RemediateProposal } from './judge.ts';
import { revertActionOf } from '../core/revert-action.ts';
import { describeIssues } from '../core/schema-problem.ts';

export type ManualProposal =
  | { readonly kind: 'stored'; readonly remediation: Remediation }
  | { readonly kind: 'unknown_action'; readonly allowed: readonly string[] }
  | { readonly kind: 'wrong_params'; readonly problem: string }
  | { readonly kind: 'occupied'; readonly by: number };

/** A person or a script proposes an action of the library: same dry run, score, gate and audit as anybody's. */
export async function runAction(
  request: {
    readonly type: string;
    readonly params: JsonObject;
    readonly incident: Incident | null;
    readonly reason: string;
    readonly person: string;
  },
  deps: DecideDeps,
): Promise<ManualProposal> {
  const action = deps.library.find(request.type);
  if (action === null)
    return { kind: 'unknown_action', allowed: deps.library.list.map((known) => known.type) };
  const parsed = action.params.safeParse(request.params);
  if (!parsed.success)
    return { kind: 'wrong_params', problem: describeIssues(parsed.error.issues, request.params) };
  const ground = await groundFor({ actionType: action.type, incident: request.incident }, deps);
  return assess(manualProposal(action, { ...request, params: parsed.data }), ground, deps);
}

function manualProposal(
  action: ActionDefinition,
  request: { readonly params: JsonObject; readonly reason: string; readonly person: string },
): RemediateProposal {
  return {
    kind: 'remediate',
    proposedBy: { kind: 'person', name: request.person },
    action: { type: action.type, params: request.params },
    confidence: null,
    preconditions: [],
    citedFacts: [],
    diagnosis: request.reason,
    rejected: [],
  };
}

/** A new remediation that undoes an earlier one: its stored inverse, baseline 0, allowed while suspended. */
export async function proposeRevert(
  original: Extract<Remediation, { readonly status: 'applied' | 'verified' }>,
  request: { readonly person: string },
  deps: DecideDeps,
): Promise<ManualProposal> {
  const action = deps.library.find(original.document.action.type);
  if (action === null) return { kind: 'unknown_action', allowed: [...builtInActionTypes] };
  const revert = revertActionOf(original, action);
  const bound: DecideDeps = { ...deps, prepare: () => Promise.resolve(revert) };
  const ground = await groundOf(original, deps);
  const proposal = manualProposal(action, {
    params: original.document.action.params,
    reason: `undo of remediation ${original.id}`,
    person: request.person,
  });
  const judgement = await judge({ proposal, revertOf: original.id }, ground, bound);
  return store({ proposal, revertOf: original.id, judgement, ground }, bound);
}
