/**
 * Runs approval prompts in a real terminal: `node confirm-harness.ts <runs> [--expire MS] [--change MS] [--unread MS]
 * [--reason]`. Before each prompt it says READY and is busy for a moment, as a program that still loads; after each it
 * prints the outcome.
 */
import { askReason, confirmCode } from '../../src/cli/confirm.ts';

const [runsText = '1', ...flags] = process.argv.slice(2);
const digest = `sha256:ab12${'c3'.repeat(30)}`;
const number = (flag: string) => {
  const at = flags.indexOf(flag);
  return at < 0 ? null : Number(flags[at + 1]);
};

const started = Date.now();
const [expireMs, changeMs, unreadMs] = [number('--expire'), number('--change'), number('--unread')];
const refresh = async () => {
  await Promise.resolve();
  const since = Date.now() - started;
  if (unreadMs !== null && since > unreadMs) throw new Error('the store is down');
  const changed = changeMs !== null && since > changeMs;
  return { changed, digest: changed ? `sha256:${'9'.repeat(64)}` : digest, lines: ['score 42.70 → 55.10'] };
};

for (let run = 0; run < Number(runsText); run += 1) {
  process.stdout.write(`READY ${run}\n`);
  const wait = number('--busy') ?? 0;
  const until = performance.now() + (run % 2 === 0 ? wait : 0);
  while (performance.now() < until);
  if (run % 2 === 1) await new Promise((resolve) => setTimeout(resolve, wait));
  const outcome = flags.includes('--reason')
    ? await askReason({ message: 'why?', stdin: process.stdin, stdout: process.stdout })
    : await confirmCode({
        digest,
        expiresAt: new Date(Date.now() + (expireMs ?? 552_000)).toISOString(),
        stdin: process.stdin,
        stdout: process.stdout,
        summary: ['42  Stop sending requests to anthropic for 5 min'],
        refresh,
      });
  process.stdout.write(`OUTCOME ${JSON.stringify(outcome)}\n`);
}
