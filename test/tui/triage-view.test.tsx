import { render } from 'ink';
import { afterEach, describe, expect, it } from 'vitest';
import { drawFrame } from '../../src/tui/frame.ts';
import { startUi } from '../../src/tui/keys.ts';
import { lineText } from '../../src/tui/styled-line.ts';
import { TriageView } from '../../src/tui/triage-view.tsx';
import type { TriageIntent, TriageViewState } from '../../src/tui/view-model.ts';
import { FakeKeyboard, FakeScreen } from '../support/fake-terminal.ts';
import { unclearBreak } from '../support/sample-remediation.ts';
import * as states from '../support/sample-states.ts';

const keys = {
  up: '\u001b[A',
  down: '\u001b[B',
  pageDown: '\u001b[6~',
  enter: '\r',
  tab: '\t',
  escape: '\u001b',
};

let unmount = () => {};
afterEach(() => unmount());

async function open(state: TriageViewState, size = { columns: 80, rows: 24 }) {
  const stdout = new FakeScreen(size);
  const stdin = new FakeKeyboard();
  const intents: TriageIntent[] = [];
  const view = (shown: TriageViewState) => (
    <TriageView
      state={shown}
      screen={{ ...size, unicode: true }}
      now={shown.now}
      start={startUi}
      onIntent={(intent) => intents.push(intent)}
    />
  );
  const ink = render(view(state), { stdout, stdin, debug: true, exitOnCtrlC: false, patchConsole: false });
  unmount = ink.unmount;
  await ink.waitUntilRenderFlush();
  return {
    intents,
    stdin,
    frame: () => stdout.lastFrame().replaceAll(/ +$/gmu, ''),
    update: async (next: TriageViewState) => {
      ink.rerender(view(next));
      await ink.waitUntilRenderFlush();
    },
    press: async (...pressed: readonly string[]) => {
      for (const key of pressed) {
        stdin.write(key);
        // A lone escape is told from a sequence by what follows within 20 ms.
        await new Promise((resolve) => setTimeout(resolve, key === keys.escape ? 60 : 5));
        await ink.waitUntilRenderFlush();
      }
    },
  };
}

const chosenRow = (frame: string) => /▸ (INC-\d+)/u.exec(frame)?.[1];

describe('painting', () => {
  it.each([
    { columns: 80, rows: 24 },
    { columns: 100, rows: 30 },
    { columns: 40, rows: 24 },
  ])(
    'puts the frame on a screen of $columns×$rows as it was drawn, without control sequences',
    async (size) => {
      for (const state of Object.values(states)) {
        const { frame } = await open(state, size);
        const input = { state, ui: startUi, screen: { ...size, unicode: true }, now: state.now };
        const drawn = drawFrame(input).lines.map((line) => lineText(line).trimEnd());
        // FORCE_COLOR=0, which the command sets for NO_COLOR: not one escape sequence is left.
        expect(
          frame()
            .split('\n')
            .map((line) => line.trimEnd()),
        ).toEqual(drawn);
        expect(frame()).not.toContain('\u001b');
        unmount();
      }
    },
  );

  it('paints wide and combining characters in the cells they were measured with', async () => {
    const [first, ...rest] = states.threeIncidents.items;
    if (first === undefined) throw new Error('no sample');
    const summary = '界面が遅い 👩‍👩‍👧‍👦 e\u0301te\u0301 ｗｉｄｅ 한국어 ✅ ⚠️ naïve 🇩🇪 ①'.repeat(4);
    const state = {
      ...states.threeIncidents,
      items: [{ ...first, incident: { ...first.incident, summary } }, ...rest],
    };
    const input = { state, ui: startUi, screen: { columns: 80, rows: 24, unicode: true }, now: state.now };
    const { frame } = await open(state);
    const painted = frame()
      .split('\n')
      .map((line) => line.trimEnd());
    expect(painted).toEqual(drawFrame(input).lines.map((line) => lineText(line).trimEnd()));
  });
});

describe('keys', () => {
  it('moves with arrows and with j and k, one or many at a time, and stops at the ends', async () => {
    const view = await open(states.threeIncidents);
    expect(chosenRow(view.frame())).toBe('INC-7');
    await view.press(keys.down);
    expect(chosenRow(view.frame())).toBe('INC-8');
    await view.press('jjjj');
    expect(chosenRow(view.frame())).toBe('INC-9');
    await view.press(keys.up + keys.up + keys.up);
    expect(chosenRow(view.frame())).toBe('INC-7');
    await view.press('jk');
    expect(chosenRow(view.frame())).toBe('INC-7');
  });

  it('keeps the cursor on its incident when the list changes under it', async () => {
    const view = await open(states.threeIncidents);
    await view.press('j');
    await view.update({ ...states.threeIncidents, items: states.threeIncidents.items.toReversed() });
    expect(chosenRow(view.frame())).toBe('INC-8');
  });

  it('opens, walks the sections, scrolls and comes back', async () => {
    const view = await open(states.threeIncidents);
    await view.press(keys.enter);
    expect(view.frame()).toContain('[glance]');
    await view.press(keys.tab);
    expect(view.frame()).toContain('[changes]');
    await view.press(keys.tab + keys.tab + keys.tab);
    expect(view.frame()).toContain('[risk]');
    await view.press('\u001b[Z');
    expect(view.frame()).toContain('[touches]');
    await view.press('G');
    expect(view.frame()).toContain('model text, unverified');
    await view.press('g', keys.pageDown);
    expect(view.frame()).toMatch(/19–37 of \d+/u);
    await view.press(keys.escape);
    expect(chosenRow(view.frame())).toBe('INC-7');
  });

  it.each([
    ['a', { kind: 'approve', remediationId: 42 }],
    ['r', { kind: 'reject', remediationId: 42 }],
    ['q', { kind: 'quit' }],
    ['e', { kind: 'export' }],
    ['f', { kind: 'refresh', remediationId: 42 }],
    ['\u0003', { kind: 'interrupted' }],
  ] as const)('%j asks for %j', async (key, intent) => {
    const view = await open(states.threeIncidents);
    await view.press(key);
    expect(view.intents).toEqual([intent]);
  });

  it('asks once, for what was chosen when the key came, whatever else is in the burst', async () => {
    const view = await open(states.threeIncidents);
    await view.press('jkaaqr');
    expect(view.intents).toEqual([{ kind: 'approve', remediationId: 42 }]);
  });

  it('says why a decision key does nothing, and asks nothing', async () => {
    const view = await open(states.threeIncidents);
    await view.press('u');
    expect(view.frame()).toContain('#42 is pending approval: there is nothing to undo');
    await view.press('j', 'a');
    expect(view.frame()).toContain('#43 is assist only: there is nothing to approve');
    await view.press('j', 'a');
    expect(view.frame()).toContain('nothing is proposed for INC-9');
    await view.press('k');
    expect(view.frame()).not.toContain('nothing is proposed');
    expect(view.intents).toEqual([]);
  });

  it('points to resolve where a person must look', async () => {
    const [first, ...rest] = states.running.items;
    if (first === undefined) throw new Error('no sample');
    const items = [{ ...first, remediation: unclearBreak }, ...rest];
    const view = await open({ ...states.running, items });
    await view.press('u');
    expect(view.frame()).toContain('settle it with scutum-sre resolve 42');
    expect(view.intents).toEqual([]);
  });

  it('undoes what is applied', async () => {
    const view = await open(states.running);
    await view.press('u');
    expect(view.intents).toEqual([{ kind: 'revert', remediationId: 42 }]);
  });

  it('drops pasted text: it is never a row of keys', async () => {
    const view = await open(states.threeIncidents);
    await view.press('\u001b[200~a\rq\u001b[201~');
    expect(view.intents).toEqual([]);
    expect(chosenRow(view.frame())).toBe('INC-7');
  });

  it('shows help and warnings and leaves them with the same key', async () => {
    const view = await open(states.troubled);
    await view.press('?');
    expect(view.frame()).toContain('approve: shows it afresh');
    await view.press('?', 'w');
    expect(view.frame()).toContain('events_cut');
    await view.press('w');
    expect(chosenRow(view.frame())).toBe('INC-7');
  });

  it('leaves the closing screen with enter, and decides nothing there', async () => {
    const view = await open(states.closing);
    await view.press('a');
    expect(view.intents).toEqual([]);
    await view.press(keys.enter);
    expect(view.intents).toEqual([{ kind: 'quit' }]);
  });
});
