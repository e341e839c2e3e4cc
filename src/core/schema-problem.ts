import type { z } from 'zod';
import { visibleText } from './plain-text.ts';

type Issue = z.core.$ZodIssue;

const issuesShown = 3;
const givenCharsMax = 80;

/** One line from zod's issues: where, what was given, what is allowed. At most three issues are told. */
export function describeIssues(issues: readonly Issue[], given: unknown): string {
  const lines = issues.slice(0, issuesShown).map((issue) => describeIssue(issue, given));
  const more = issues.length - issuesShown;
  return more > 0 ? `${lines.join('; ')}; and ${more} more` : lines.join('; ');
}

/** Foreign text in backticks, made visible and at most 80 characters long. */
export function quoted(text: string): string {
  return `\`${visibleText(text, { maxLength: givenCharsMax })}\``;
}

function describeIssue(issue: Issue, given: unknown): string {
  // Of the branches of a union the one that fits best says most.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? [];
    return closest
      .slice(0, issuesShown)
      .map((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, given))
      .join('; ');
  }
  const where = issue.path.length === 0 ? 'the value' : `\`${issue.path.map(String).join('.')}\``;
  const message = lowerFirst(visibleText(issue.message, { maxLength: 300 }));
  if (issue.code === 'unrecognized_keys') return `${where}: ${message}`;
  return `${where} is ${shown(valueAt(given, issue.path))}: ${message}`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = new Map<PropertyKey, unknown>(
      Object.entries(value).map(([key, item]) => [key, item] as const),
    ).get(String(step));
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return quoted(JSON.stringify(value).slice(0, givenCharsMax * 2));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
