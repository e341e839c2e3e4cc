import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './measure.ts';

const runs = 25;
const entry = fileURLToPath(new URL('../../bin/scutum-sre.js', import.meta.url));

/** Whole processes, interleaved, so that a busy moment of the machine hits both. */
export function coldStart(): readonly string[] {
  const commands = {
    node: ['-e', '0'],
    version: [entry, '--version'],
    help: [entry, '--help'],
  };
  const times = { node: [] as number[], version: [] as number[], help: [] as number[] };
  for (let run = -1; run < runs; run += 1)
    for (const name of ['node', 'version', 'help'] as const) {
      const ms = processMs(commands[name]);
      // The first round fills the file cache.
      if (run >= 0) times[name].push(ms);
    }
  const base = median(times.node);
  const line = (label: string, ms: number) =>
    `${label.padEnd(34)} ${(ms / base).toFixed(2)} × \`node -e 0\`   (${ms.toFixed(0)} ms against ${base.toFixed(0)} ms, medians of ${runs})`;
  return [line('scutum-sre --version', median(times.version)), line('scutum-sre --help', median(times.help))];
}

function processMs(args: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, [...args], { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${String(status)}`);
  return performance.now() - start;
}
