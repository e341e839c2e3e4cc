import { canonicalJson } from '../core/audit/canonical-json.ts';
import type { Change } from '../core/change.ts';
import type { JsonValue } from '../core/json.ts';
import type { ChangeReceipt } from '../core/remediation.ts';
import type { Clock, EffectPort, ProbeResult, WriteResult } from './ports.ts';

/** One write may take this long; shorter than a lease, so that nobody else works on the row meanwhile. */
export const writeDeadlineMs = 8_000;
const probeDeadlineMs = 3_000;
/** Waits between the three probes of an unclear effect, in ms. */
const probeBackoffMs = [0, 400, 1_200] as const;
/** Wait between two looks at a value that an accepted write has not shown yet, in ms. */
const lateLookMs = 2_000;

export interface ApplyDeps {
  readonly port: EffectPort;
  readonly clock: Clock;
  readonly operator: string;
  /** Asked directly before the write; a text is the reason not to (suspended, fenced out, lease over). */
  readonly holdBack: () => Promise<string | null>;
  /** Asked while an accepted write is waited for; false ends the waiting. Without it nobody can take over. */
  readonly stillOurs?: () => Promise<boolean>;
}

export interface Attempt {
  readonly receipt: ChangeReceipt;
  /** False when the system did not answer: what else it holds cannot be changed now either. */
  readonly reachable: boolean;
}

/** As `attemptChange`, without the word on whether the system answered. */
export async function applyChange(change: Change, deps: ApplyDeps): Promise<ChangeReceipt> {
  return (await attemptChange(change, deps)).receipt;
}

/**
 * Compare, write, read back: the only place where a change meets the outside. Never repeats a write; an unclear answer is
 * settled by what the live value is. `from` is the prior value of the intent and never read again for the inverse.
 * INVARIANT: a live value that is neither `from` nor `to` belongs to somebody else and is not touched.
 */
export async function attemptChange(change: Change, deps: ApplyDeps): Promise<Attempt> {
  if (deps.port.oneShot) return { receipt: await sendOnce(change, deps), reachable: true };
  const before = await standingOf(change, deps);
  const ended = (result: ChangeReceipt['result'], detail: string, standing: Standing): Attempt => ({
    receipt: { change, result, detail },
    reachable: standing.reachable,
  });
  if (before.at === 'to') return ended('already_there', 'already had this value before we wrote', before);
  if (before.at === 'elsewhere') return ended('conflict', `somebody else set it to ${before.shown}`, before);
  if (before.at === 'unknown') return ended('not_applied', `not tried: ${before.shown}`, before);
  const held = await deps.holdBack();
  if (held !== null) return ended('not_applied', held, before);
  const answer = await write(change, deps);
  const after = await readBack(change, answer, deps);
  const said = answer.status === 'accepted' ? 'accepted' : `${answer.status}: ${answer.reason}`;
  const accepted = answer.status === 'accepted';
  switch (after.at) {
    case 'to':
      return ended('applied', accepted ? 'written and read back' : `read back as written (${said})`, after);
    case 'from':
      return ended('not_applied', accepted ? 'accepted, but the value did not change' : said, after);
    case 'elsewhere':
      return ended('conflict', `after our write it reads ${after.shown}`, after);
    case 'unknown':
      return ended('unknown', `${said}; ${after.shown}`, after);
    default:
      return after.at satisfies never;
  }
}

async function sendOnce(change: Change, deps: ApplyDeps): Promise<ChangeReceipt> {
  const held = await deps.holdBack();
  if (held !== null) return { change, result: 'not_applied', detail: held };
  const answer = await write(change, deps);
  if (answer.status === 'accepted')
    return { change, result: 'applied', detail: 'accepted; no read-back exists' };
  const result = answer.status === 'refused' ? 'not_applied' : 'unknown';
  return { change, result, detail: answer.reason };
}

function write(change: Change, { port, operator }: ApplyDeps): Promise<WriteResult> {
  return port.write(change, { operator }, AbortSignal.timeout(writeDeadlineMs));
}

/** What the value reads as after a write; one that was accepted is given the time a cache may take to show it. */
async function readBack(change: Change, answer: WriteResult, deps: ApplyDeps): Promise<Standing> {
  const { clock, port } = deps;
  let found = compare(await probeUntil(change, deps, 'to'), change);
  if (answer.status !== 'accepted') return found;
  const until = clock.monotonicMs() + (port.showsWithinMs ?? 0);
  while (found.at === 'from' && clock.monotonicMs() < until) {
    await clock.sleep(lateLookMs);
    const ours = (await deps.stillOurs?.()) ?? true;
    found = compare(await probeUntilKnown(change, deps), change);
    if (!ours) break;
  }
  return found;
}

/** Where the live value stands relative to a change. */
export interface Standing {
  readonly at: 'from' | 'to' | 'elsewhere' | 'unknown';
  readonly shown: string;
  /** False when the system did not answer at all. */
  readonly reachable: boolean;
}

/** Reads the live value once (three tries when it cannot be read) and says where it stands. */
export async function standingOf(change: Change, deps: Pick<ApplyDeps, 'port' | 'clock'>): Promise<Standing> {
  return compare(await probeUntilKnown(change, deps), change);
}

/** Reads the live value with a single try. */
export async function glanceAt(change: Change, port: EffectPort): Promise<Standing> {
  return compare(await port.probe(change, AbortSignal.timeout(probeDeadlineMs)), change);
}

function compare(probe: ProbeResult, change: Change): Standing {
  if (probe.status !== 'known')
    return {
      at: 'unknown',
      shown: `the live value could not be read: ${probe.reason}`,
      reachable: probe.status !== 'unreachable',
    };
  const live = canonicalJson(probe.value);
  const standing = (at: Standing['at']): Standing => ({ at, shown: live, reachable: true });
  if (live === canonicalJson(change.to as JsonValue)) return standing('to');
  return standing(live === canonicalJson(change.from as JsonValue) ? 'from' : 'elsewhere');
}

function probeUntilKnown(change: Change, deps: Pick<ApplyDeps, 'port' | 'clock'>): Promise<ProbeResult> {
  return probeUntil(change, deps, 'any');
}

/** Probes up to three times with backoff, until the value is known and, for `to`, until it is the wanted one. */
async function probeUntil(
  change: Change,
  deps: Pick<ApplyDeps, 'port' | 'clock'>,
  wanted: 'any' | 'to',
): Promise<ProbeResult> {
  let last: ProbeResult = { status: 'unreachable', reason: 'not probed' };
  for (const wait of probeBackoffMs) {
    if (wait > 0) await deps.clock.sleep(wait);
    last = await deps.port.probe(change, AbortSignal.timeout(probeDeadlineMs));
    if (last.status !== 'known') continue;
    if (wanted === 'any' || compare(last, change).at === 'to') return last;
  }
  return last;
}
