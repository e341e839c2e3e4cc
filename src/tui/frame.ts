import { breakdown } from './breakdown.ts';
import { msUntil } from './durations.ts';
import { footerLines } from './footer.ts';
import { headerLines, loadingLines } from './header.ts';
import { leftText, linesPerItem, listLines, standingOf, warningLines } from './incident-list.ts';
import type { KeyContext, UiState } from './keys.ts';
import { chosenItem, lastScroll } from './keys.ts';
import { closingPage, emptyPage, helpPage, warningsPage } from './other-pages.ts';
import type { Block, Canvas, Page } from './page.ts';
import { canvasFor, headingLines, indentLine, isWide, layoutPage } from './page.ts';
import { progressLine } from './progress.ts';
import { sectionBar } from './section-bar.ts';
import { sparkLines } from './sparkline.ts';
import type { Line } from './styled-line.ts';
import { dim, plain, spread, warn } from './styled-line.ts';
import { truncateLine } from './wrap-line.ts';
import type { Progress, Screen, TriageItem, TriageViewState } from './view-model.ts';

export interface FrameInput {
  readonly state: TriageViewState;
  readonly ui: UiState;
  readonly screen: Screen;
  /** The moment to draw: `state.now` and the time since. ISO 8601, UTC. */
  readonly now: string;
}

/** One screen: `rows` lines of at most `columns` cells, and what its keys act on. */
export interface Frame {
  readonly lines: readonly Line[];
  readonly keys: KeyContext;
}

/** Below this many rows the rule above the keys is given to the content. */
const shortScreen = 14;
/** Below this many rows only the deployment, the content and the keys are left. */
const tinyScreen = 10;

/** What is drawn, with the parts every region needs. */
interface Scene extends FrameInput {
  readonly canvas: Canvas;
  readonly chosen: TriageItem | null;
  readonly closing: boolean;
  readonly page: Page;
}

/** Draws the whole screen. Deployment and keys stay whatever the size; the scrolled region gives way. */
export function drawFrame(input: FrameInput): Frame {
  const scene = sceneOf(input);
  const { page } = scene;
  const bottom = bottomLines(scene);
  const top = [...headLines(scene), ...listRegion(scene, bottom.length), ...liveLines(scene)];
  const bars = 1 + (scene.ui.mode === 'detail' ? 1 : 0);
  const rows = Math.max(1, input.screen.rows - top.length - bottom.length - bars);
  const region = { lines: page.lines.length, rows };
  const scroll = Math.min(input.ui.scroll, lastScroll(region));
  const placed = (line: Line) =>
    indentLine(truncateLine(line, { width: scene.canvas.width, mark: scene.canvas.glyphs.cut }));
  const above = [...top, ...barLines(scene, { ...region, scroll })].map(placed);
  const body = [...above, ...page.lines.slice(scroll, scroll + rows)];
  const room = Math.max(0, input.screen.rows - bottom.length);
  const blanks = Array.from({ length: Math.max(0, room - body.length) }, (): Line => []);
  return {
    lines: [...body.slice(0, room), ...blanks, ...bottom.map(placed)].slice(-input.screen.rows),
    keys: {
      items: input.state.items,
      ...region,
      sections: page.sections.map((section) => section.at),
      closing: scene.closing,
    },
  };
}

function sceneOf(input: FrameInput): Scene {
  const { state, ui, screen } = input;
  const chosen = chosenItem(ui, state.items);
  const closing = (state.closing ?? null) !== null && (ui.mode === 'list' || ui.mode === 'detail');
  const mode = closing ? 'list' : ui.mode;
  const page = layoutPage(pageBlocks({ ...input, ui: { ...ui, mode } }, chosen), screen);
  return {
    ...input,
    ui: { ...ui, mode },
    canvas: canvasFor(screen),
    chosen,
    closing,
    // The first heading is drawn in the dividing line instead.
    page: {
      lines: page.lines.slice(1),
      sections: page.sections.map((section) => ({ ...section, at: Math.max(0, section.at - 1) })),
    },
  };
}

function pageBlocks(input: FrameInput, chosen: TriageItem | null): readonly Block[] {
  const { state, ui, now } = input;
  if (ui.mode === 'help') return helpPage;
  if (ui.mode === 'warnings') return warningsPage(state.warnings);
  if (state.closing !== undefined && state.closing !== null) return closingPage(state.closing);
  if (chosen === null) return emptyPage(state, now);
  return breakdown({
    ...chosen,
    deployment: state.deployment,
    sandbox: state.sandbox,
    suspended: state.suspended,
    now,
    progress: progressOf(input, chosen),
  });
}

/** The progress of the chosen remediation, its countdown moved on to `now`. */
function progressOf(input: FrameInput, chosen: TriageItem): Progress | null {
  const progress = progressNow(input);
  return progress?.remediationId === chosen.remediation?.id ? progress : null;
}

function progressNow(input: FrameInput): Progress | null {
  const progress = input.state.progress ?? null;
  if (progress === null) return null;
  const item = input.state.items.find(({ remediation }) => remediation?.id === progress.remediationId);
  const dueAt = item?.remediation?.execution?.revertAt ?? null;
  // The stored moment rules where it is known: it is what the list counts down to.
  if (dueAt !== null && progress.revertInMs !== null)
    return { ...progress, revertInMs: msUntil(dueAt, input.now) };
  if (progress.revertInMs === null) return progress;
  return { ...progress, revertInMs: progress.revertInMs - msUntil(input.now, input.state.now) };
}

function headLines(scene: Scene): readonly Line[] {
  const { state, now, canvas } = scene;
  const header = headerLines(state, now, canvas);
  if (scene.screen.rows < tinyScreen) return header;
  return [
    ...header,
    ...loadingLines(state, now, canvas),
    ...(scene.ui.mode === 'warnings' ? [] : warningLines(state.warnings, canvas)),
  ];
}

/** The incidents, on at most two fifths of the screen. */
function listRegion(scene: Scene, bottom: number): readonly Line[] {
  const { state, canvas, screen } = scene;
  if (scene.ui.mode !== 'list' || scene.closing || state.items.length === 0) return [];
  if (screen.rows < tinyScreen) return [];
  const wanted = state.items.length * linesPerItem(canvas) + 1;
  const allowed = Math.max(linesPerItem(canvas) + 1, Math.floor((screen.rows - bottom) * 0.4));
  return listLines(
    { items: state.items, chosen: scene.chosen, now: scene.now, rows: Math.min(wanted, allowed) },
    canvas,
  );
}

function liveLines(scene: Scene): readonly Line[] {
  if (scene.ui.mode === 'help' || scene.ui.mode === 'warnings') return [];
  const live = scene.state.live ?? null;
  const progress = progressNow(scene);
  const elsewhere = progress !== null && progress.remediationId !== scene.chosen?.remediation?.id;
  return [
    ...(live === null ? [] : sparkLines(live, scene.canvas)),
    ...(elsewhere ? progressLine(progress, scene.canvas) : []),
  ];
}

interface Region {
  readonly lines: number;
  readonly rows: number;
  readonly scroll: number;
}

/** The dividing line with title and position, and the sections of an opened incident. */
function barLines(scene: Scene, region: Region): readonly Line[] {
  const title = [scene.page.sections[0]?.title ?? '', ...standingParts(scene)].join(' · ');
  const { canvas } = scene;
  const position = positionText(region, canvas);
  if (scene.ui.mode !== 'detail') return headingLines(title, position, canvas).slice(0, 1);
  const bar = sectionBar(scene.page.sections, region, canvas);
  return isWide(canvas)
    ? [...headingLines(title, position, canvas).slice(0, 1), bar]
    : [...headingLines(title, [], canvas), spread({ left: bar, right: position, width: canvas.width })];
}

/** `needs approval 9:12` of an opened incident, whose row of the list is not in sight. */
function standingParts(scene: Scene): readonly string[] {
  if (scene.ui.mode !== 'detail' || scene.chosen === null) return [];
  return [`${standingOf(scene.chosen).word} ${leftText(scene.chosen, scene.now)}`.trim()];
}

/** `1–15 of 84 ↓`; empty when everything is visible. */
function positionText(region: Region, canvas: Canvas): Line {
  const { lines, rows, scroll } = region;
  if (lines <= rows) return [];
  const last = Math.min(lines, scroll + rows);
  const up = scroll > 0 ? canvas.glyphs.up : ' ';
  const down = last < lines ? canvas.glyphs.down : ' ';
  return [dim(`${scroll + 1}–${last} of ${lines} `), plain(`${up}${down}`)];
}

/** A rule that carries the message of the last key, and the keys. */
function bottomLines(scene: Scene): readonly Line[] {
  const { ui, canvas } = scene;
  const rule = canvas.glyphs.rule;
  const said = ui.message === null ? [] : canvas.wrap([warn(ui.message)]);
  const line = scene.screen.rows < shortScreen ? [] : [[dim(rule.repeat(canvas.width))]];
  const message = said.length === 0 ? line : said;
  const keys = footerLines(
    {
      mode: ui.mode,
      chosen: scene.chosen,
      warnings: scene.state.warnings.length,
      closing: scene.closing,
      lines: scene.screen.rows < shortScreen || isWide(canvas) ? 1 : 2,
    },
    canvas,
  );
  return [...message, ...keys];
}
