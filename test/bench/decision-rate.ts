import { hash } from 'node:crypto';
import { decideGate } from '../../src/core/gate.ts';
import { scoreRisk } from '../../src/core/risk/score-risk.ts';
import { runsByItself } from '../support/gate-case.ts';
import { breakerByDay, reachOf } from '../support/risk-input.ts';
import { median, seededRandom } from './measure.ts';

const decisionsPerRound = 10_000;
const rounds = 11;

interface Varied {
  readonly percent: number;
  readonly failedLastHour: boolean;
  readonly openIncidentsOnSameProvider: number;
}

/** Score and gate of a breaker, over changing blast radius and pressure; beside it one SHA-256 of 1 kB as a yardstick. */
export function decisionRate(): readonly string[] {
  const random = seededRandom(20_261_120);
  const inputs = Array.from({ length: 1_024 }, (): Varied => ({
    percent: Math.round(random() * 100),
    failedLastHour: random() < 0.2,
    openIncidentsOnSameProvider: Math.floor(random() * 5),
  }));
  const times = measured({
    hash: (index) => hash('sha256', `${block}${index}`, 'hex').length,
    zoned: (index) => decide(inputs[index % inputs.length], 'Europe/Berlin'),
    unzoned: (index) => decide(inputs[index % inputs.length], null),
  });
  const line = (label: string, ms: number) => {
    const perSecond = Math.round((decisionsPerRound / ms) * 1_000).toLocaleString('en');
    return `${label.padEnd(34)} ${(ms / times.hash).toFixed(1)} × one SHA-256 of 1 kB   (${perSecond} a second)`;
  };
  return [
    line('score and gate, no time zone set', times.unzoned),
    line('score and gate, SRE_TIMEZONE set', times.zoned),
  ];
}

const block = 'x'.repeat(1_024);

function decide(varied: Varied | undefined, timeZone: string | null): number {
  if (varied === undefined) return 0;
  const { percent, ...pressure } = varied;
  const risk = scoreRisk({
    ...breakerByDay,
    reach: reachOf(percent),
    pressure: { ...breakerByDay.pressure, ...pressure, timeZone },
  });
  return decideGate({ ...runsByItself, risk, timeZone }).reasons.length + 1;
}

/** Median milliseconds of a round of each, interleaved; the first rounds let the compiler settle. */
function measured<Name extends string>(
  works: Readonly<Record<Name, (index: number) => number>>,
): Record<Name, number> {
  const names = Object.keys(works) as Name[];
  const times = names.map((): number[] => []);
  for (let round = -3; round < rounds; round += 1)
    for (const [at, name] of names.entries()) {
      const ms = roundMs(works[name]);
      if (round >= 0) times[at]?.push(ms);
    }
  return Object.fromEntries(names.map((name, at) => [name, median(times[at] ?? [])])) as Record<Name, number>;
}

function roundMs(work: (index: number) => number): number {
  let kept = 0;
  const start = performance.now();
  for (let index = 0; index < decisionsPerRound; index += 1) kept += work(index);
  const ms = performance.now() - start;
  if (kept === 0) throw new Error('nothing was done');
  return ms;
}
