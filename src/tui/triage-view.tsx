import { useInput, usePaste } from 'ink';
import type { Key as InkKey } from 'ink';
import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { drawFrame } from './frame.ts';
import type { Key, NamedKey, UiState } from './keys.ts';
import { pressKey } from './keys.ts';
import { Lines } from './lines.tsx';
import type { Screen, TriageIntent, TriageViewState } from './view-model.ts';

export interface TriageViewProps {
  readonly state: TriageViewState;
  readonly screen: Screen;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly start: UiState;
  readonly onIntent: (intent: TriageIntent) => void;
}

/** The triage screen: state in, keys out. Pasted text is dropped, it is never a row of keys. */
export function TriageView(props: TriageViewProps): ReactNode {
  const [ui, setUi] = useState(props.start);
  const latest = useRef(ui);
  const left = useRef(false);
  usePaste(() => {});
  useInput((input, inkKey) => {
    for (const key of keysOf(input, inkKey)) {
      if (left.current) return;
      const { keys } = drawFrame({ ...props, ui: latest.current });
      const result = pressKey(latest.current, key, keys);
      latest.current = result.ui;
      if (result.intent !== null) {
        left.current = true;
        props.onIntent(result.intent);
      }
    }
    setUi(latest.current);
  });
  return <Lines lines={drawFrame({ ...props, ui }).lines} columns={props.screen.columns} />;
}

const namedKeys: readonly (readonly [keyof InkKey, NamedKey])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['pageUp', 'pageUp'],
  ['pageDown', 'pageDown'],
  ['home', 'home'],
  ['end', 'end'],
  ['escape', 'escape'],
];

/** One event to its keys: a burst of printable keys arrives as one string. */
function keysOf(input: string, key: InkKey): readonly Key[] {
  if (key.ctrl) return input === 'c' ? [{ named: 'interrupt' }] : [];
  if (key.tab) return [{ named: key.shift ? 'backTab' : 'tab' }];
  if (key.return) return [{ named: 'enter' }];
  const named = namedKeys.find(([flag]) => key[flag] === true);
  if (named !== undefined) return [{ named: named[1] }];
  return key.meta ? [] : Array.from(input, characterKey);
}

function characterKey(character: string): Key {
  if (character === '\r' || character === '\n') return { named: 'enter' };
  if (character === '\t') return { named: 'tab' };
  return character === '\u0003' ? { named: 'interrupt' } : { typed: character };
}
