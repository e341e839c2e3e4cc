import { proposeRevert } from '../app/run-action.ts';
import { rejectRemediation } from '../app/settle.ts';
import type { Remediation } from '../core/remediation.ts';
import type { TriageIntent } from '../tui/view-model.ts';
import { askReason } from './confirm.ts';
import { exportToFile } from './export-file.ts';
import { decideDeps } from './decision-deps.ts';
import { countdown } from './auto-countdown.ts';
import { decide, runByGate } from './decision-flow.ts';
import { writeResult } from './finish.ts';
import { loadRemediation } from './load-remediation.ts';
import { plainScreen } from './plain-screen.ts';
import type { Screen } from './triage-screen.ts';

type Wish = Exclude<TriageIntent, { readonly kind: 'quit' | 'interrupted' }>;

/** Carries out what the operator asked for, with the terminal handed back by the view; a sentence to show, or null. */
export async function carryOut(intent: Wish, screen: Screen): Promise<string | null> {
  switch (intent.kind) {
    case 'refresh':
      return null;
    case 'export':
      return exportToFile(screen.session);
    case 'approve':
      return intent.remediationId === undefined
        ? null
        : decideOn(await load(screen, intent.remediationId), screen);
    case 'reject':
      return intent.remediationId === undefined
        ? null
        : reject(await load(screen, intent.remediationId), screen);
    case 'revert':
      return intent.remediationId === undefined
        ? null
        : undo(await load(screen, intent.remediationId), screen);
    default:
      return intent.kind satisfies never;
  }
}

function load(screen: Screen, id: number): Promise<Remediation> {
  return loadRemediation(screen.session, id);
}

async function decideOn(remediation: Remediation, screen: Screen): Promise<string | null> {
  const { invocation, session, outside } = screen;
  const decision = await decide(remediation, plainScreen(invocation, session), decideDeps(session, outside));
  if (decision.kind === 'applied') {
    screen.runner.follow(decision.remediation);
    return null;
  }
  writeResult(invocation, session, decision);
  return decision.message;
}

async function reject(remediation: Remediation, screen: Screen): Promise<string | null> {
  const { streams } = screen.invocation;
  const reason = await askReason({
    message: `why is ${remediation.id} rejected?`,
    stdin: streams.stdin,
    stdout: streams.err,
  });
  if (reason === null) return 'not rejected; the proposal stays pending';
  const step = await rejectRemediation(remediation, { ...screen.session, reason });
  return step.kind === 'done'
    ? `rejected ${remediation.id}: ${reason}`
    : `remediation ${remediation.id} is not pending any more`;
}

async function undo(original: Remediation, screen: Screen): Promise<string | null> {
  const { session, outside } = screen;
  if (original.status !== 'applied' && original.status !== 'verified')
    return `remediation ${original.id} is ${original.status}; there is nothing to undo`;
  const proposed = await proposeRevert(original, { person: session.operator }, decideDeps(session, outside));
  if (proposed.kind === 'occupied') return `remediation ${proposed.by} already undoes ${original.id}`;
  if (proposed.kind !== 'stored')
    return `remediation ${original.id} cannot be undone with this version's library`;
  if (proposed.remediation.status === 'refused') return 'the undo is refused; see scutum-sre show';
  return decideOn(proposed.remediation, screen);
}

/** What the gate lets run by itself: shown, then run after a countdown that any key stops. */
export async function runAfterCountdown(remediation: Remediation, screen: Screen): Promise<string | null> {
  const { invocation, session, outside } = screen;
  const plain = plainScreen(invocation, session);
  await plain.show(remediation, 'the gate lets this run by itself');
  const answer = await countdown(
    invocation.streams,
    `#${remediation.id} ${remediation.document.action.type}`,
  );
  if (answer === 'stopped') return `stopped: ${remediation.id} waits for the typed code`;
  const decision = await runByGate(remediation, plain, decideDeps(session, outside));
  if (decision.kind === 'ended') return decision.message;
  screen.runner.follow(decision.remediation);
  return null;
}
