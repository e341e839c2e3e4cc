import type { DetectionSettings } from '../../core/detection.ts';
import { instantMs, instantText } from '../../core/instant.ts';
import { minutesToMs, secondsToMs } from '../../core/tempo.ts';

/** Bounds of the windows of one triage as `timestamp` text in UTC; each includes its start and excludes its end. */
export interface GatewayWindows {
  readonly until: string;
  readonly shortFrom: string;
  readonly longFrom: string;
  readonly dayFrom: string;
  /** The last hour of spend, and the 24 hours before it. */
  readonly hourFrom: string;
  readonly dayBeforeFrom: string;
  /** The long window cut into this many short ones of `slotMs`. */
  readonly slots: number;
  readonly slotMs: number;
}

const hourMinutes = 60;
const dayMinutes = 24 * hourMinutes;

/** All windows end `lagSeconds` before the database's `now`, because rows arrive in batches. */
export function gatewayWindows(now: string, settings: DetectionSettings): GatewayWindows {
  const { tempo, lagSeconds, shortMinutes, longMinutes } = settings;
  const end = (instantMs(now) ?? Number.NaN) - secondsToMs(tempo, lagSeconds);
  const before = (minutes: number) => timestampText(end - minutesToMs(tempo, minutes));
  return {
    until: timestampText(end),
    shortFrom: before(shortMinutes),
    longFrom: before(longMinutes),
    dayFrom: before(dayMinutes),
    hourFrom: before(hourMinutes),
    dayBeforeFrom: before(hourMinutes + dayMinutes),
    slots: Math.max(1, Math.round(longMinutes / shortMinutes)),
    slotMs: minutesToMs(tempo, shortMinutes),
  };
}

/** Without the zone: the gateway's columns are `timestamp` and hold UTC. */
function timestampText(ms: number): string {
  return instantText(ms).replace('Z', '');
}
