import { freshDryRun, grantApproval, runGranted, type DecideDeps } from '../app/decide.ts';
import { unavailableReason } from '../app/engine.ts';
import type { RefreshResult } from '../app/refresh.ts';
import type { Remediation } from '../core/remediation.ts';
import type { ConfirmOutcome } from './confirm.ts';
import { ExitError, exitCode, type ExitCode } from './exit-code.ts';
import { requireEffects, requireNotSuspended, requirePending, unreadableError } from './decision-refusals.ts';
import { alreadyDecided, executionResult, type RunResult } from './outcome-code.ts';

/** The parts of a decision that talk to a person; the Ink view and the plain prompt both provide them. */
export interface DecisionScreen {
  /** False: nothing may be asked, so a held proposal ends with exit 8. */
  readonly mayAsk: boolean;
  readonly show: (remediation: Remediation, note: string | null) => Promise<void>;
  readonly confirm: (request: ConfirmRequest) => Promise<ConfirmOutcome>;
  readonly say: (line: string) => void;
}

export interface ConfirmRequest {
  readonly remediation: Remediation;
  /** Looks at the row again; a difference disarms the prompt. */
  readonly refresh: () => Promise<{
    readonly changed: boolean;
    readonly digest: string;
    readonly lines: readonly string[];
  }>;
}

export type DecisionOutcome =
  | { readonly kind: 'applied'; readonly remediation: Remediation & { readonly status: 'applied' } }
  | ({ readonly kind: 'ended' } & RunResult);

/**
 * From a stored proposal to an applied one: fresh dry run, typed code, another fresh dry run, grant, execution. Each way
 * it can stop has its exit code. Approval happens here and nowhere else.
 */
export async function decide(
  remediation: Remediation,
  screen: DecisionScreen,
  deps: DecideDeps,
): Promise<DecisionOutcome> {
  const pending = await refreshed(remediation, deps);
  await screen.show(pending.remediation, pending.note);
  if (!screen.mayAsk) return waiting(pending.remediation);
  await requireNotSuspended(pending.remediation, deps);
  requireEffects(pending.remediation, deps);
  const answer = await ask(pending.remediation, screen, deps);
  if (answer.kind === 'ended') return answer;
  return grantAndRun(answer.remediation, { by: deps.operator, basis: 'typed_code' }, screen, deps);
}

/** What the gate itself lets run: the same path without a person. */
export function runByGate(
  remediation: Remediation,
  screen: DecisionScreen,
  deps: DecideDeps,
): Promise<DecisionOutcome> {
  return grantAndRun(remediation, { by: 'gate', basis: 'gate' }, screen, deps);
}

async function grantAndRun(
  approved: Remediation,
  approval: { readonly by: string; readonly basis: 'typed_code' | 'gate' },
  screen: DecisionScreen,
  deps: DecideDeps,
): Promise<DecisionOutcome> {
  const latest = await freshDryRun(approved, deps);
  if (latest.result.kind === 'changed' || latest.result.kind === 'gone')
    return changedMeanwhile(latest.result, screen);
  if (latest.result.kind === 'unreadable') throw unreadableError(latest.result);
  if (approval.basis === 'gate' && !mayRunByItself(latest.result, deps))
    return waiting(latest.result.remediation);
  const grant = await grantApproval(approved, { ...approval, digest: approved.digest }, deps);
  switch (grant.kind) {
    case 'stale':
      return { kind: 'ended', ...staleResult(grant.remediation) };
    case 'foreign_digest':
      return {
        kind: 'ended',
        code: exitCode.stale,
        remediation: grant.remediation,
        message: `the digest is not of this proposal in deployment ${deps.deployment}; nothing ran`,
      };
    case 'expired':
      return {
        kind: 'ended',
        code: exitCode.expired,
        remediation: approved,
        message: 'the proposal expired; nothing ran',
      };
    case 'suspended':
      return { kind: 'ended', ...executionResult(grant), remediation: approved };
    case 'granted':
      break;
    default:
      return grant satisfies never;
  }
  screen.say(`approved by ${approval.by}; running`);
  const outcome = await runGranted(grant.remediation, latest.ground, deps);
  if (outcome.kind === 'applied' && outcome.remediation.status === 'applied')
    return { kind: 'applied', remediation: outcome.remediation };
  if (outcome.kind === 'applied') return { kind: 'ended', ...staleResult(outcome.remediation) };
  const result = executionResult(outcome);
  return {
    kind: 'ended',
    ...result,
    remediation: result.remediation ?? (await deps.remediations.getRemediation(approved.id)),
  };
}

/**
 * Only what the gate lets run now, by this process's own settings: the stored verdict may be another process's. Without a
 * way to the gateway it is proposed, but nothing is granted that could not run.
 */
function mayRunByItself(
  { gate, remediation }: Extract<RefreshResult, { readonly kind: 'same' }>,
  deps: DecideDeps,
): boolean {
  if (gate.decision !== 'auto_execute') return false;
  return unavailableReason(deps.effects, remediation.document.changes) === null;
}

/** Refuses what cannot be approved, by its status; then repeats the dry run. */
async function refreshed(
  remediation: Remediation,
  deps: DecideDeps,
): Promise<{ readonly remediation: Remediation; readonly note: string | null }> {
  await requirePending(remediation, deps);
  const { result } = await freshDryRun(remediation, deps);
  const current = result.remediation ?? remediation;
  if (result.kind === 'unreadable') throw unreadableError(result);
  if (result.kind === 'gone' || current.status !== 'pending_approval') {
    await requirePending(current, deps);
    throw new ExitError(exitCode.stale, alreadyDecided(current));
  }
  return {
    remediation: current,
    note:
      result.kind === 'changed' ? `changed since it was proposed: ${result.differences.join('; ')}` : null,
  };
}

async function ask(
  remediation: Remediation,
  screen: DecisionScreen,
  deps: DecideDeps,
): Promise<
  | { readonly kind: 'answered'; readonly remediation: Remediation }
  | Extract<DecisionOutcome, { kind: 'ended' }>
> {
  let current = remediation;
  const ended = (code: ExitCode, message: string) => ({
    kind: 'ended' as const,
    code,
    remediation: current,
    message,
  });
  for (let asked = 0; asked < repaintsMax; asked += 1) {
    const answer = await screen.confirm({ remediation: current, refresh: () => lookAgain(current, deps) });
    switch (answer) {
      case 'approved':
        return { kind: 'answered', remediation: current };
      case 'declined':
        return ended(exitCode.declined, 'declined; the proposal stays pending');
      case 'expired':
        return ended(exitCode.expired, 'the proposal expired; nothing ran');
      case 'interrupted':
        return ended(exitCode.interrupted, 'interrupted; the proposal stays pending');
      case 'changed':
        current = (await deps.remediations.getRemediation(current.id)) ?? current;
        if (current.status !== 'pending_approval') return ended(statusCode(current), alreadyDecided(current));
        await screen.show(current, 'CHANGED while you were looking: this is the proposal as it is now');
        break;
      default:
        return answer satisfies never;
    }
  }
  return ended(exitCode.stale, 'the proposal keeps changing; look again when it has settled');
}

/** A proposal that changes this often under the prompt is not decided in one sitting. */
const repaintsMax = 10;

const statusCode = (remediation: Remediation): ExitCode =>
  remediation.status === 'expired' ? exitCode.expired : exitCode.stale;

async function lookAgain(
  shown: Remediation,
  deps: DecideDeps,
): Promise<{ changed: boolean; digest: string; lines: readonly string[] }> {
  const row = (await deps.remediations.getRemediation(shown.id)) ?? shown;
  const changed = row.digest !== shown.digest || row.status !== 'pending_approval';
  const line = row.status === 'pending_approval' ? 'somebody refreshed it' : alreadyDecided(row);
  return { changed, digest: row.digest, lines: changed ? [line] : [] };
}

function changedMeanwhile(
  result: {
    readonly kind: 'changed' | 'gone';
    readonly remediation: Remediation | null;
    readonly differences?: readonly string[];
  },
  screen: DecisionScreen,
): DecisionOutcome {
  for (const difference of result.differences ?? []) screen.say(`  changed: ${difference}`);
  return {
    kind: 'ended',
    code: exitCode.stale,
    remediation: result.remediation,
    message: 'the state changed before it ran, nothing ran; look at the fresh proposal and decide again',
  };
}

function staleResult(remediation: Remediation | null): RunResult {
  return { code: exitCode.stale, remediation, message: alreadyDecided(remediation) };
}

function waiting(remediation: Remediation): DecisionOutcome {
  return {
    kind: 'ended',
    code: exitCode.waiting,
    remediation,
    message: `waiting for approval in a terminal: scutum-sre approve ${remediation.id}`,
  };
}
