import { describe, expect, it } from 'vitest';
import { approvalLines, incidentTable, remediationText } from '../../src/cli/breakdown.ts';
import type { BreakdownOptions } from '../../src/cli/breakdown.ts';
import { lineText } from '../../src/tui/styled-line.ts';
import {
  adviceOnly,
  anthropicOutage,
  appliedBreak,
  pendingBreak,
  sampleNow,
  slowAzure,
  teamOverBudget,
} from '../support/sample-remediation.ts';

const options: BreakdownOptions = {
  deployment: 'prod-eu',
  sandbox: false,
  now: sampleNow,
  incident: anthropicOutage,
};
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;

describe.each([80, 40])('the plain breakdown at %i columns', (columns) => {
  it.each([
    ['pending', pendingBreak, anthropicOutage],
    ['applied', appliedBreak, anthropicOutage],
    ['advice', adviceOnly, teamOverBudget],
    ['nothing-proposed', null, slowAzure],
    ['by-hand', pendingBreak, null],
  ] as const)('of %s', async (name, remediation, incident) => {
    const lines = remediationText(remediation, {
      ...options,
      incident,
      columns,
      note: 'score rose from 35.05',
    });
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    await expect(text(lines)).toMatchFileSnapshot(`../golden/plain-${name}-${columns}.txt`);
  });

  it('of an undo, in ASCII, in the sandbox', async () => {
    const undo = { ...pendingBreak, id: 44, revertOf: 42 };
    const lines = remediationText(undo, { ...options, columns, unicode: false, sandbox: true });
    expect(text(lines)).toMatch(/^[\x20-\x7e\n]*$/u);
    await expect(text(lines)).toMatchFileSnapshot(`../golden/plain-undo-${columns}.txt`);
  });
});

describe('the recap above the prompt', () => {
  it.each([80, 40])('fits a screen of %i columns with the prompt below it', async (columns) => {
    const lines = approvalLines(pendingBreak, { ...options, columns, sandbox: true, note: 'score rose' });
    const shown = lines.map((line) => lineText(line).trimEnd());
    expect(shown.length).toBeLessThanOrEqual(columns === 80 ? 14 : 24);
    await expect(text(shown)).toMatchFileSnapshot(`../golden/plain-recap-${columns}.txt`);
  });
});

describe('what every breakdown has', () => {
  const lines = remediationText(pendingBreak, options);
  const at = (start: string) => lines.findIndex((line) => line.trimStart().startsWith(start));

  it('goes from what is done to the words of the model', () => {
    const order = [
      'do ',
      '── Changes',
      '── Undo',
      '── Touches',
      '── Risk',
      '── Checks',
      '── Gate',
      '── Evidence',
    ];
    const places = [...order, '── Record', '── model text, unverified'].map(at);
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(lines.slice(at('── model text')).join(' ')).toContain('529 overloaded_error');
  });

  it('renders the action from its params, for every action of the library', () => {
    const actions = [
      ['route.circuit_break', { provider: 'p', minutes: 3 }, 'Stop sending requests to p for 3 min'],
      ['route.fallback_swap', { model_group: 'g', to: 'h' }, 'Serve model group g through h'],
      ['limit.raise', { team: 't', percent: 20 }, 'Raise the rate limits of team t by 20 %'],
      ['limit.lower', { key: 'k', percent: 20 }, 'Lower the rate limits of key k by 20 %'],
      ['key.block', { key: 'k' }, 'Block key k'],
      ['alert.page_oncall', { severity: 'error', summary: 's' }, 'Page on-call, severity error: "s"'],
      ['guardrail.disable', { guardrail: 'pii' }, 'Switch guardrail pii off'],
      ['budget.raise_cap', { org: 'o', percent: 5 }, 'Raise the budget cap of org o by 5 %'],
      ['sla.disable', { sla: 'p95' }, 'Suspend service level p95'],
      ['runbook.restart', { host: 'a b' }, 'Run runbook.restart'],
    ] as const;
    for (const [type, params, sentence] of actions) {
      const document = { ...pendingBreak.document, action: { type, params, version: 1 } };
      expect(text(remediationText({ ...pendingBreak, document }, options))).toContain(sentence);
    }
  });

  it('says who would undo it when no worker is alive', () => {
    const { document } = pendingBreak;
    const { components } = document.risk;
    const reversibility = { ...components.reversibility, bucket: 'trivially_reversible' as const };
    const risk = { ...document.risk, components: { ...components, reversibility } };
    const shown = text(remediationText({ ...pendingBreak, document: { ...document, risk } }, options));
    expect(shown.replaceAll(/\s+/gu, ' ')).toContain('by the terminal that runs it: no live worker would');
  });

  it('says that unknown traffic counts as everything', () => {
    const { document } = pendingBreak;
    const { components } = document.risk;
    const blastRadius = { ...components.blastRadius, value: 100, kinds: [] };
    const risk = { ...document.risk, components: { ...components, blastRadius } };
    const shown = text(remediationText({ ...pendingBreak, document: { ...document, risk } }, options));
    expect(shown).toContain('unknown, so it counts as everything');
  });
});

describe('incidentTable', () => {
  it('has a row for each incident', () => {
    const items = [
      { incident: anthropicOutage, remediation: pendingBreak, note: null },
      { incident: slowAzure, remediation: null, note: null },
    ];
    expect(incidentTable(items, { now: sampleNow }).rows).toEqual([
      [
        'INC-7',
        'anthropic',
        'provider.unhealthy',
        '#42 route.circuit_break',
        '42.70',
        'needs approval',
        '9:12',
      ],
      ['INC-9', 'azure', 'latency.spike', '-', '-', 'on-call paged', '-'],
    ]);
  });
});
