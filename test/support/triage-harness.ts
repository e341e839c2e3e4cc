/**
 * Shows the triage view with sample data in a real terminal, for the tests in a pseudo-terminal and for looking at it:
 * `node <bundle> <state> [--ascii] [--throw] [--then-prompt]`. Prints the intent as JSON when it is over.
 */
import { showTriage } from '../../src/tui/show-triage.ts';
import * as states from './sample-states.ts';

const named = Object.entries(states).find(([name]) => name === process.argv[2]);
const initial = named?.[1] ?? states.threeIncidents;
const intent = await showTriage({
  initial,
  stdin: process.stdin,
  stdout: process.stdout,
  unicode: !process.argv.includes('--ascii'),
  subscribe: (listener) => {
    const timer = setInterval(
      () => listener({ ...initial, now: new Date(Date.parse(initial.now)).toISOString() }),
      60_000,
    );
    if (process.argv.includes('--throw')) setTimeout(() => crash(), 300);
    return () => clearInterval(timer);
  },
});
process.stdout.write(`${JSON.stringify(intent)}\n`);

function crash(): never {
  throw new Error('crash of the harness');
}
