import { z } from 'zod';
import type { EffectPort, ProbeResult, WriteResult } from '../../app/ports.ts';
import type { Change } from '../../core/change.ts';
import type { JsonObject } from '../../core/json.ts';
import { visibleText } from '../../core/plain-text.ts';
import { redactSecrets } from '../../core/redaction.ts';
import type { AppliedValue } from './runbook-definition.ts';
import { observeRunbook, runRole } from './runbook-dry-run.ts';
import type { LoadedRunbook, RunbookValue } from './runbook-dry-run.ts';
import { pinDigest } from './runbook-lock.ts';
import { runbookParamsSchema, runbookTargets } from './runbook-manifest.ts';

const plainValue = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);
const appliedValue = z.strictObject({
  value: plainValue,
  params: z.record(z.string().max(64), z.union([z.string().max(1_000), z.number()])),
  pin: z.string().regex(/^sha256:[0-9a-f]{64}$/u),
});
const writeOutput = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('done') }),
  z.strictObject({ status: z.literal('refused'), reason: z.string().min(1).max(1_000) }),
]);

/** A change read back into what the scripts are told: which of the pair, for which params, from which value to which. */
interface ScriptCall {
  readonly runbook: LoadedRunbook;
  readonly role: 'apply' | 'inverse';
  readonly applied: AppliedValue;
  readonly prior: RunbookValue;
  readonly path: string;
  readonly field: string;
}

/**
 * Applies and reads `runbook:` targets. Apply runs only with the pin that was planned; the inverse with the pin of
 * today, so that a newer pin never stands between an operator and an undo. The dry-run script is also the read-back.
 */
export function createRunbookEffects(runbooks: readonly LoadedRunbook[]): EffectPort {
  return {
    serves: (target) => target.startsWith('runbook:'),
    unavailable: runbooks.length === 0 ? 'no pinned runbook is loaded' : null,
    oneShot: false,
    probe: (change, signal) => probe(runbooks, change, signal),
    write: (change, by, signal) => write(runbooks, change, { operator: by.operator, signal }),
  };
}

async function probe(
  runbooks: readonly LoadedRunbook[],
  change: Change,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const call = readChange(runbooks, change);
  if (typeof call === 'string') return { status: 'not_readable', reason: call };
  const observation = await observeRunbook(call.runbook, call.applied.params, signal);
  if (!observation.ok) return { status: 'unreachable', reason: observation.problem };
  const live = observation.value.changes.find((c) => c.target === change.target && c.field === call.field);
  if (live === undefined) return { status: 'not_readable', reason: 'the dry run did not report this value' };
  // Compared by the engine with `from` and `to`, one of which carries the params beside the value.
  const { value, params, pin } = call.applied;
  return { status: 'known', value: live.from === value ? { value, params, pin } : live.from };
}

async function write(
  runbooks: readonly LoadedRunbook[],
  change: Change,
  by: { readonly operator: string; readonly signal: AbortSignal },
): Promise<WriteResult> {
  const call = readChange(runbooks, change);
  if (typeof call === 'string') return { status: 'refused', reason: call };
  if (call.role === 'apply' && call.applied.pin !== pinDigest(call.runbook.pin))
    return { status: 'refused', reason: 'the runbook was pinned anew after this was planned' };
  const result = await runRole(call.runbook, call.role, scriptInput(call, by.operator), by.signal);
  if (result.status === 'not_started') return { status: 'refused', reason: result.reason };
  if (result.status === 'failed') return { status: 'ambiguous', reason: result.reason };
  const parsed = writeOutput.safeParse(result.output);
  if (!parsed.success) return { status: 'ambiguous', reason: 'the script did not report a status' };
  if (parsed.data.status === 'done') return { status: 'accepted' };
  const reason = redactSecrets(visibleText(parsed.data.reason));
  return { status: 'refused', reason: visibleText(reason, { maxLength: 300 }) };
}

function scriptInput(call: ScriptCall, operator: string): JsonObject {
  const [from, to] =
    call.role === 'apply' ? [call.prior, call.applied.value] : [call.applied.value, call.prior];
  return {
    params: call.applied.params,
    target: call.path,
    field: call.field,
    from,
    to,
    operator: visibleText(operator),
  };
}

/** The call behind a change, or why there is none. A stored change is checked again: params, target and field. */
function readChange(runbooks: readonly LoadedRunbook[], change: Change): ScriptCall | string {
  const runbook = runbooks.find(({ manifest }) => change.target.startsWith(`runbook:${manifest.name}/`));
  if (runbook === undefined) return `no pinned runbook serves \`${visibleText(change.target)}\``;
  const forward = appliedValue.safeParse(change.to);
  const role = forward.success ? 'apply' : 'inverse';
  const applied = forward.success ? forward : appliedValue.safeParse(change.from);
  const prior = plainValue.safeParse(role === 'apply' ? change.from : change.to);
  if (!applied.success || !prior.success) return 'this is not a change of a runbook';
  const params = runbookParamsSchema(runbook.manifest).safeParse(applied.data.params);
  if (!params.success) return 'the params of the change are not those the runbook declares';
  const targets = runbookTargets(runbook.manifest, params.data) ?? [];
  const declared = targets.find((item) => item.target === change.target && item.field === change.field);
  if (declared === undefined) return `\`${visibleText(change.target)}\` is not declared by the runbook`;
  const { path, field } = declared;
  return { runbook, role, applied: applied.data, prior: prior.data, path, field };
}
