import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameInput } from '../../src/tui/frame.ts';
import { drawFrame } from '../../src/tui/frame.ts';
import type { Mode, UiState } from '../../src/tui/keys.ts';
import { startUi } from '../../src/tui/keys.ts';
import { lineText, lineWidth } from '../../src/tui/styled-line.ts';
import type { TriageViewState } from '../../src/tui/view-model.ts';
import { anthropicOutage, pendingBreak, sampleNow } from '../support/sample-remediation.ts';
import * as states from '../support/sample-states.ts';

const sizes = [
  { columns: 80, rows: 24 },
  { columns: 100, rows: 30 },
  { columns: 40, rows: 24 },
] as const;

function draw(
  state: TriageViewState,
  options: Partial<UiState> & { readonly columns: number; readonly rows: number; readonly unicode?: boolean },
) {
  const { columns, rows, unicode = true, ...ui } = options;
  const input: FrameInput = {
    state,
    ui: { ...startUi, ...ui },
    screen: { columns, rows, unicode },
    now: state.now,
  };
  return drawFrame(input);
}

const textOf = (frame: ReturnType<typeof draw>) =>
  `${frame.lines.map((line) => lineText(line).trimEnd()).join('\n')}\n`;

/** Every line of the scrolled region, page after page. */
function readAll(state: TriageViewState, size: { readonly columns: number; readonly rows: number }): string {
  const first = draw(state, { ...size, mode: 'detail' });
  const pages = Math.ceil(first.keys.lines / first.keys.rows);
  return Array.from({ length: pages }, (_, page) =>
    textOf(draw(state, { ...size, mode: 'detail', scroll: page * first.keys.rows })),
  ).join('');
}

describe.each(sizes)('exact frames at $columns×$rows', ({ columns, rows }) => {
  const size = { columns, rows };
  const golden = (name: string) => `../golden/tui-${name}-${columns}x${rows}.txt`;

  it.each(Object.entries(states))('the list of %s', async (name, state) => {
    await expect(textOf(draw(state, size))).toMatchFileSnapshot(golden(`list-${name}`));
  });

  it('the opened incident, page after page', async () => {
    await expect(readAll(states.sandboxOutage, size)).toMatchFileSnapshot(golden('detail'));
  });

  it('advice with broken checks, page after page', async () => {
    const [, advice] = states.threeIncidents.items;
    const state = { ...states.threeIncidents, items: advice === undefined ? [] : [advice] };
    await expect(readAll(state, size)).toMatchFileSnapshot(golden('advice'));
  });

  it('the running remediation, opened', async () => {
    await expect(readAll(states.running, size)).toMatchFileSnapshot(golden('running'));
  });

  it('help and warnings', async () => {
    const help = textOf(draw(states.troubled, { ...size, mode: 'help' }));
    const warnings = textOf(draw(states.troubled, { ...size, mode: 'warnings' }));
    await expect(help + warnings).toMatchFileSnapshot(golden('help'));
  });

  it('a message of a key, and ASCII only', async () => {
    const said = draw(states.sandboxOutage, {
      ...size,
      message: '#42 is applied: there is nothing to approve',
    });
    const ascii = draw(states.running, { ...size, unicode: false });
    await expect(textOf(said) + textOf(ascii)).toMatchFileSnapshot(golden('ascii'));
  });
});

describe('every frame', () => {
  const anyState = fc.constantFrom(...Object.values(states));
  const anyMode = fc.constantFrom<Mode>('list', 'detail', 'help', 'warnings');
  const foreign = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.constantFrom(
      '\u001b[2J\u001b[31mred',
      'a\u202eb',
      'zero\u200bwidth',
      '界'.repeat(120),
      '👩‍👩‍👧‍👦'.repeat(30),
    ),
  );

  it('has exactly the rows of the screen and never more cells than it has columns', () => {
    fc.assert(
      fc.property(
        anyState,
        anyMode,
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 3, max: 60 }),
        fc.nat(400),
        fc.boolean(),
        foreign,
        (base, mode, columns, rows, scroll, unicode, text) => {
          const state = withText(base, text);
          const { lines } = draw(state, { columns, rows, mode, scroll, unicode });
          expect(lines).toHaveLength(rows);
          for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('shows control, bidi and zero-width characters of foreign text as `\\u{…}` and never raw', () => {
    fc.assert(
      fc.property(foreign, fc.boolean(), (text, unicode) => {
        const shown = readAllAscii(withText(states.threeIncidents, text), unicode);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 50 },
    );
    expect(readAllAscii(withText(states.threeIncidents, '\u001b[31m'), true)).toContain('\\u{1B}[31m');
  });

  it('is ASCII where the screen is', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        const shown = readAllAscii(withText(states.running, text), false);
        expect(shown).toMatch(/^[\x20-\x7e]*$/u);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the deployment and the badges on every screen, whatever its size', () => {
    for (const columns of [40, 60, 80, 120])
      for (const rows of [8, 12, 24])
        for (const mode of ['list', 'detail', 'help', 'warnings'] as const) {
          const state = { ...states.troubled, sandbox: true };
          const text = textOf(draw(state, { columns, rows, mode })).replaceAll(/\s+/gu, ' ');
          expect(text).toContain('prod-eu');
          expect(text).toContain('[SANDBOX]');
          expect(text).toContain('[SUSPENDED');
        }
  });
});

function readAllAscii(state: TriageViewState, unicode: boolean): string {
  const size = { columns: 80, rows: 400, unicode };
  return draw(state, { ...size, mode: 'detail' })
    .lines.map(lineText)
    .join('');
}

function withText(state: TriageViewState, text: string): TriageViewState {
  const { document } = pendingBreak;
  const first = {
    incident: { ...anthropicOutage, summary: text, scope: { provider: text }, payloads: [{ [text]: text }] },
    remediation: {
      ...pendingBreak,
      document: {
        ...document,
        diagnosis: text,
        preconditions: document.preconditions.map((result) => ({ ...result, detail: text })),
        gate: { ...document.gate, flips: [text] },
      },
    },
    note: text,
  };
  return {
    ...state,
    items: [first, ...state.items.slice(1)],
    warnings: [text],
    live: { label: text.slice(0, 20), series: [Number.NaN, -1, 250], caption: text },
    closing: null,
  };
}

describe('the opened incident', () => {
  it('names the whole blast set and puts the words of the model last', () => {
    const names = Array.from({ length: 300 }, (_, index) => `team-${index}`);
    const kinds = [{ kind: 'teams' as const, affected: 300, active: 400, names }];
    const { document } = pendingBreak;
    const { components } = document.risk;
    const risk = {
      ...document.risk,
      components: { ...components, blastRadius: { ...components.blastRadius, kinds } },
    };
    const remediation = { ...pendingBreak, document: { ...document, risk, diagnosis: 'THE MODEL SAYS' } };
    const items = [{ incident: anthropicOutage, remediation, note: null }];
    const shown = readAll({ ...states.threeIncidents, items }, { columns: 80, rows: 24 });
    for (const name of names) expect(shown).toMatch(new RegExp(`${name}(,|\\s)`, 'u'));
    expect(shown.indexOf('model text, unverified')).toBeGreaterThan(shown.indexOf('sha256:ab12'));
    expect(shown.indexOf('THE MODEL SAYS')).toBeGreaterThan(shown.indexOf('model text, unverified'));
  });

  it('counts down to the expiry and to the undo', () => {
    const later = new Date(Date.parse(sampleNow) + 60_000).toISOString();
    const input = { ui: startUi, screen: { columns: 80, rows: 24, unicode: true }, now: later };
    const pending = textOf(drawFrame({ ...input, state: states.threeIncidents }));
    expect(pending).toMatch(/needs approval +8:12/u);
    const running = textOf(drawFrame({ ...input, state: states.running }));
    expect(running).toContain('undo in 3:33');
    expect(running).toMatch(/being verified +undo 3:33/u);
  });

  it('counts the undo down to the stored moment, whatever an older progress says', () => {
    const { progress } = states.running;
    const stale = progress === null || progress === undefined ? null : { ...progress, revertInMs: 1_000 };
    expect(textOf(draw({ ...states.running, progress: stale }, { columns: 80, rows: 24 }))).toContain(
      'undo in 4:33',
    );
  });
});
