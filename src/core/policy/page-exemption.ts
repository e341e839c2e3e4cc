import type { ActionType } from '../action.ts';

/**
 * True for paging on-call, which is judged without operational pressure, novelty and confidence, and whose
 * irreversibility asks nobody (design.md §2.3, §2.5): calling a person is what those would lead to.
 */
export function isPage(type: ActionType): boolean {
  return type === 'alert.page_oncall';
}
