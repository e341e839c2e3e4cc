import type { Canvas, PageSection, SectionId } from './page.ts';
import type { Line } from './styled-line.ts';
import { dim, lineWidth, plain, toned } from './styled-line.ts';

/** The sections in one line, the visible one marked; only that one where they do not all fit. */
export function sectionBar(
  sections: readonly PageSection[],
  region: { readonly scroll: number; readonly lines: number; readonly rows: number },
  canvas: Canvas,
): Line {
  const current = visibleSection(sections, region);
  const all = sections.flatMap((section, index): Line => [
    ...(index === 0 ? [] : [plain(' ')]),
    section === current ? toned('chosen', `[${names[section.id]}]`) : dim(names[section.id]),
  ]);
  if (lineWidth(all) <= canvas.width) return all;
  if (current === undefined) return [];
  const place = `${sections.indexOf(current) + 1}/${sections.length}`;
  return [toned('chosen', `[${names[current.id]}]`), dim(` ${place}`)];
}

/** The section at the top of the region; at the very end the last one, which cannot reach the top. */
function visibleSection(
  sections: readonly PageSection[],
  region: { readonly scroll: number; readonly lines: number; readonly rows: number },
): PageSection | undefined {
  const atEnd = region.scroll > 0 && region.scroll + region.rows >= region.lines;
  return atEnd
    ? sections.at(-1)
    : (sections.findLast((section) => section.at <= region.scroll) ?? sections[0]);
}

const names: { readonly [S in SectionId]: string } = {
  glance: 'glance',
  run: 'run',
  changes: 'changes',
  undo: 'undo',
  touches: 'touches',
  risk: 'risk',
  checks: 'checks',
  gate: 'gate',
  evidence: 'evidence',
  record: 'record',
  prose: 'words',
};
