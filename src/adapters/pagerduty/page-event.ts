import { createHash } from 'node:crypto';
import type { JsonObject } from '../../core/json.ts';
import type { Page } from '../../core/change.ts';
import { visibleText } from '../../core/plain-text.ts';
import { redactSecrets } from '../../core/redaction.ts';

/** Limits of Events API v2 (facts/integrations.md E1); the whole event stays far below its 512 KB. */
const dedupKeyMax = 255;
const summaryMax = 1024;
const sourceMax = 255;
const detailsMax = 40;
const detailNameMax = 64;
const detailMax = 1024;

/** An event without its routing key, and what was cut to fit. */
export interface PageEvent {
  readonly body: JsonObject;
  /** One line for each cut; also sent along in the event. */
  readonly cuts: readonly string[];
}

/** A page: opens an alert, or merges into the open one with the same key. Texts stripped, redacted and clipped. */
export function triggerEvent(page: {
  readonly dedupKey: string;
  readonly page: Page;
  /** Who pages: the deployment name. */
  readonly source: string;
  readonly details: Readonly<Record<string, string>>;
}): PageEvent {
  const clip = createClipper();
  const key = clip.dedupKey(page.dedupKey);
  const summary = clip.text('summary', page.page.summary, summaryMax) || 'scutum-sre asks for a person';
  const source = clip.text('source', page.source, sourceMax) || 'scutum-sre';
  const details = clip.details(page.details);
  return {
    body: {
      event_action: 'trigger',
      dedup_key: key,
      client: 'scutum-sre',
      payload: {
        summary,
        source,
        severity: page.page.severity,
        custom_details: clip.cuts.length === 0 ? details : { ...details, cut: clip.cuts.join('; ') },
      },
    },
    cuts: clip.cuts,
  };
}

/** Closes the alert with this key; dropped silently when none is open. The page itself cannot be taken back. */
export function resolveEvent(dedupKey: string): PageEvent {
  const clip = createClipper();
  return { body: { event_action: 'resolve', dedup_key: clip.dedupKey(dedupKey) }, cuts: clip.cuts };
}

function createClipper() {
  const cuts: string[] = [];
  const text = (name: string, given: string, max: number): string => {
    const whole = visibleText(redactSecrets(given), { maxLength: Math.max(max, given.length * 8 + 64) });
    if (whole.length <= max) return whole;
    cuts.push(`${name} cut from ${whole.length} to ${max} characters`);
    return visibleText(redactSecrets(given), { maxLength: max });
  };
  return {
    cuts,
    text,
    /** A cut key could merge two alerts: the rest is replaced by its hash. */
    dedupKey: (given: string): string => {
      if (given.length <= dedupKeyMax) return given;
      cuts.push(`dedup_key shortened from ${given.length} to ${dedupKeyMax} characters by its hash`);
      const hash = createHash('sha256').update(given).digest('hex');
      return `${given.slice(0, dedupKeyMax - hash.length - 1).toWellFormed()}#${hash}`;
    },
    details: (given: Readonly<Record<string, string>>): Record<string, string> => {
      const all = Object.entries(given);
      if (all.length > detailsMax) cuts.push(`${all.length - detailsMax} of ${all.length} details left out`);
      return Object.fromEntries(
        all
          .slice(0, detailsMax)
          .map(([name, value]) => [
            visibleText(name, { maxLength: detailNameMax }),
            text(`details.${visibleText(name, { maxLength: detailNameMax })}`, value, detailMax),
          ]),
      );
    },
  };
}
