/**
 * The figures the README quotes: `npm run bench`. Ratios inside one run, because a machine's absolute times say little
 * about another's. Part (c) needs a PostgreSQL server (`test/support/postgres.ts` finds or brings one).
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { coldStart } from './cold-start.ts';
import { decisionRate } from './decision-rate.ts';
import { triageAtScale } from './triage-at-scale.ts';

const say = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);

const gigabytes = Math.round(totalmem() / 2 ** 30);
say([
  `machine: ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${gigabytes} GB, ${process.platform} ${process.arch}, Node.js ${process.version}`,
  '',
  'cold start',
]);
say([...coldStart(), '', 'decisions']);
say([
  ...decisionRate(),
  '',
  'triage of 100 incidents over 1 000 000 SpendLogs rows of a week, half of them of the last day',
]);
say([
  ...(await triageAtScale(500_000)),
  '',
  'the same with all rows within the 25 hours that a triage reads',
]);
say(await triageAtScale(1_000_000));
