/**
 * Shows the triage view with sample data in a real terminal, for the tests in a pseudo-terminal and for looking at it:
 * `node <bundle> <state> [--ascii] [--throw] [--prompt]`. Prints each intent as JSON; with `--prompt` an approval is
 * confirmed and the view opened again, running.
 */
import { confirmCode } from '../../src/cli/confirm.ts';
import { showTriage } from '../../src/tui/show-triage.ts';
import type { TriageIntent, TriageViewState } from '../../src/tui/view-model.ts';
import * as states from './sample-states.ts';

const [name, ...flags] = process.argv.slice(2);
const named = Object.entries(states).find(([key]) => key === name);
let intent = await show(named?.[1] ?? states.threeIncidents);
if (intent.kind === 'approve' && flags.includes('--prompt')) {
  const outcome = await confirmCode({
    digest: `sha256:ab12${'c3'.repeat(30)}`,
    expiresAt: new Date(Date.now() + 600_000).toISOString(),
    stdin: process.stdin,
    stdout: process.stdout,
    summary: ['42  Stop sending requests to anthropic for 5 min'],
  });
  process.stdout.write(`OUTCOME ${outcome}\n`);
  intent = await show(states.running);
}

async function show(initial: TriageViewState): Promise<TriageIntent> {
  const asked = await showTriage({
    initial,
    stdin: process.stdin,
    stdout: process.stdout,
    unicode: !flags.includes('--ascii'),
    subscribe: () => {
      const timer = setTimeout(() => {
        if (flags.includes('--throw')) throw new Error('crash of the harness');
      }, 200);
      return () => clearTimeout(timer);
    },
  });
  process.stdout.write(`INTENT ${JSON.stringify(asked)}\n`);
  return asked;
}
