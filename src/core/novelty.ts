import type { ActionType } from './action.ts';
import type { IncidentKind, IncidentScope } from './incident.ts';
import type { Policy } from './policy/default-policy.ts';

/** Past tries of the same target and of the same pattern, as the store counts them. */
export interface RemediationHistory {
  /** Executed attempts on any of the locks in the last hour. */
  readonly attemptsLastHour: number;
  /** A remediation of the same target failed or made it worse in the last 60 min. */
  readonly failedLastHour: boolean;
  /** The most recent executed attempt on the target in 24 h did not help. */
  readonly lastDidNotHelp: boolean;
  /** Closed executions with this pattern key: how many, and how many ended well. */
  readonly patternSeen: number;
  readonly patternGood: number;
}

/**
 * The pattern by which familiarity is counted: incident kind, scope type (the names of its keys, never the ids),
 * dominant error class, action type. For example `provider.unhealthy|provider|529|route.circuit_break`; `none` where
 * there is no incident or no error class. `errorClasses` counts each class seen; ties go to the first by name.
 */
export function patternKey(input: {
  readonly incident: { readonly kind: IncidentKind; readonly scope: IncidentScope } | null;
  readonly errorClasses: Readonly<Record<string, number>>;
  readonly actionType: ActionType;
}): string {
  const scopeType = Object.keys(input.incident?.scope ?? {})
    .sort()
    .map(keyPart)
    .join('+');
  return [
    input.incident?.kind ?? 'none',
    scopeType === '' ? 'none' : scopeType,
    keyPart(dominantErrorClass(input.errorClasses) ?? 'none'),
    input.actionType,
  ].join('|');
}

function dominantErrorClass(counts: Readonly<Record<string, number>>): string | null {
  const ranked = Object.entries(counts)
    .filter(([name, count]) => name !== '' && count > 0)
    .sort(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1));
  return ranked[0]?.[0] ?? null;
}

/** Error classes and scope keys are foreign text: they must not be able to imitate another part of the key. */
function keyPart(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.-]/gu, '_').slice(0, 64);
}

/**
 * How well a pattern is known. `first` = fewer closed occurrences than level 3 needs, or no count at all;
 * `mixed` = seen often enough, but less than the policy's share (80 %) of them ended well.
 */
export type Familiarity = 'first' | 'mixed' | 'known' | 'characterised';

/** Judges a pattern by its closed occurrences; counts that are no numbers make it `first`. */
export function familiarity(
  history: Pick<RemediationHistory, 'patternSeen' | 'patternGood'> | null,
  policy: Policy,
): Familiarity {
  const { conditional, autonomous, goodSharePercent } = policy.patternSeen;
  if (history === null || !(history.patternSeen >= conditional)) return 'first';
  if (!((100 * history.patternGood) / history.patternSeen >= goodSharePercent)) return 'mixed';
  return history.patternSeen >= autonomous ? 'characterised' : 'known';
}
