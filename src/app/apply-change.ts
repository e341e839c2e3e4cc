import { canonicalJson } from '../core/audit/canonical-json.ts';
import type { Change } from '../core/change.ts';
import type { JsonValue } from '../core/json.ts';
import type { ChangeReceipt } from '../core/remediation.ts';
import type { Clock, EffectPort, ProbeResult } from './ports.ts';

/** One write may take this long; shorter than a lease, so that nobody else works on the row meanwhile. */
export const writeDeadlineMs = 8_000;
export const probeDeadlineMs = 3_000;
/** Waits between the three probes of an unclear effect, in ms. */
const probeBackoffMs = [0, 400, 1_200] as const;

export interface ApplyDeps {
  readonly port: EffectPort;
  readonly clock: Clock;
  readonly operator: string;
  /** Asked directly before the write; a text is the reason not to (suspended, fenced out, lease over). */
  readonly holdBack: () => Promise<string | null>;
}

/**
 * Compare, write, read back: the only place where a change meets the outside. Never repeats a write; an unclear answer is
 * settled by what the live value is. `from` is the prior value of the intent and never read again for the inverse.
 * INVARIANT: a live value that is neither `from` nor `to` belongs to somebody else and is not touched.
 */
export async function applyChange(change: Change, deps: ApplyDeps): Promise<ChangeReceipt> {
  const receipt = (result: ChangeReceipt['result'], detail: string): ChangeReceipt => ({
    change,
    result,
    detail,
  });
  if (!deps.port.oneShot) {
    const before = compare(await probeUntilKnown(change, deps), change);
    if (before.at === 'to') return receipt('already_there', 'already had this value before we wrote');
    if (before.at === 'elsewhere') return receipt('conflict', `somebody else set it to ${before.shown}`);
    if (before.at === 'unknown') return receipt('not_applied', `not tried: ${before.shown}`);
  }
  const held = await deps.holdBack();
  if (held !== null) return receipt('not_applied', held);
  const answer = await deps.port.write(
    change,
    { operator: deps.operator },
    AbortSignal.timeout(writeDeadlineMs),
  );
  if (deps.port.oneShot) {
    if (answer.status === 'accepted') return receipt('applied', 'accepted; no read-back exists');
    return receipt(answer.status === 'refused' ? 'not_applied' : 'unknown', answer.reason);
  }
  const after = compare(await probeUntil(change, deps, 'to'), change);
  const said = answer.status === 'accepted' ? 'accepted' : `${answer.status}: ${answer.reason}`;
  switch (after.at) {
    case 'to':
      return receipt(
        'applied',
        answer.status === 'accepted' ? 'written and read back' : `read back as written (${said})`,
      );
    case 'from':
      return receipt(
        'not_applied',
        answer.status === 'accepted' ? 'accepted, but the value did not change' : said,
      );
    case 'elsewhere':
      return receipt('conflict', `after our write it reads ${after.shown}`);
    case 'unknown':
      return receipt('unknown', `${said}; ${after.shown}`);
    default:
      return after.at satisfies never;
  }
}

/** Where the live value stands relative to a change. */
export interface Standing {
  readonly at: 'from' | 'to' | 'elsewhere' | 'unknown';
  readonly shown: string;
}

/** Reads the live value once (three tries when it cannot be read) and says where it stands. */
export async function standingOf(change: Change, deps: Pick<ApplyDeps, 'port' | 'clock'>): Promise<Standing> {
  return compare(await probeUntilKnown(change, deps), change);
}

function compare(probe: ProbeResult, change: Change): Standing {
  if (probe.status !== 'known')
    return { at: 'unknown', shown: `the live value could not be read: ${probe.reason}` };
  const live = canonicalJson(probe.value);
  if (live === canonicalJson(change.to as JsonValue)) return { at: 'to', shown: live };
  if (live === canonicalJson(change.from as JsonValue)) return { at: 'from', shown: live };
  return { at: 'elsewhere', shown: live };
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
