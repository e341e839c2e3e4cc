import type { ReachKind } from '../core/risk/blast-radius.ts';
import type { RiskScore } from '../core/risk/risk-score.ts';
import type { Remediation } from '../core/remediation.ts';
import { percent, touchesLine } from './breakdown-glance.ts';
import type { Block, Canvas } from './page.ts';
import { drawing, field, gap, isWide, item, section, text } from './page.ts';
import type { Addend } from './risk-drawing.ts';
import { addendLines, addends, againstTau, scaleLines, scoreTone } from './risk-drawing.ts';
import { verdictSentence } from './sentences.ts';
import { hundredths, shortNumber, shown } from './shown-value.ts';
import type { Line } from './styled-line.ts';
import { dim, plain, spread, strong, toned } from './styled-line.ts';

/** The blast set in full: every kind, every name. */
export function touchesSection(remediation: Remediation): readonly Block[] {
  const { risk } = remediation.document;
  const { kinds } = risk.components.blastRadius;
  return [
    gap,
    section('touches', 'Touches', [dim('active in the last 24 h')]),
    ...(kinds.length === 0 ? [text(...touchesLine(risk))] : kinds.flatMap(reachBlocks)),
  ];
}

function reachBlocks(kind: ReachKind): readonly Block[] {
  const share = percent(kind.affected, kind.active);
  const names = kind.names.map(quotedName).join(', ');
  return [
    field(kind.kind, strong(`${kind.affected} of ${kind.active}`), dim(`  ${share}`)),
    ...(names === '' ? [] : [field('', plain(names))]),
  ];
}

/** A name as it is; in quotes when it holds a blank or a comma, so that a list cannot be misread. */
function quotedName(name: string): string {
  const visible = shown(name);
  return /[\s,"]/u.test(visible) ? JSON.stringify(visible) : visible;
}

/** Four components, the uplift and their sum against τ. */
export function riskSection(remediation: Remediation): readonly Block[] {
  const { risk } = remediation.document;
  const parts = addends(risk);
  const widest = Math.max(...parts.map((part) => part.most));
  const aside = toned(scoreTone(risk), `${hundredths(risk.score)} of 100, ${againstTau(risk)}`);
  return [
    gap,
    section('risk', 'Risk', [aside]),
    drawing(tableHead),
    ...parts.map((part) =>
      drawing((canvas) => [...addendLines(part, { widest }, canvas), ...reasonLines(part, risk, canvas)]),
    ),
    drawing((canvas) => sumLines(parts, risk, canvas)),
    drawing((canvas) => scaleLines(risk, canvas)),
  ];
}

function tableHead(canvas: Canvas): readonly Line[] {
  const factor = isWide(canvas) ? 'value × weight'.padStart(34) : 'value × weight';
  return [spread({ left: canvas.say([dim(factor)]), right: [dim('adds')], width: canvas.width })];
}

function reasonLines(part: Addend, risk: RiskScore, canvas: Canvas): readonly Line[] {
  const lines = explanations(part.label, risk);
  return lines.flatMap((line) =>
    canvas.wrap([plain('  '), dim(line)], { width: canvas.width - 9, hanging: 2 }),
  );
}

function explanations(label: string, risk: RiskScore): readonly string[] {
  const { reversibility, stateValidity, operationalPressure } = risk.components;
  switch (label) {
    case 'blast radius':
      return [
        `the largest share: ${touchesLine(risk)
          .map((span) => span.text)
          .join('')}`,
      ];
    case 'reversibility':
      return [reversibility.bucket.replaceAll('_', ' ')];
    case 'state validity':
      return [`${stateValidity.failed} of ${stateValidity.total} checks failed or unknown`];
    case 'operational pressure':
      return operationalPressure.reasons.length === 0
        ? ['none: no freeze, cascade, low error budget or failed try; within business hours']
        : operationalPressure.reasons.map(
            (reason) =>
              `${reason.code.replaceAll('_', ' ')} ${shortNumber(reason.points)}: ${shown(reason.detail)}`,
          );
    default:
      return ['what people say this action is at its best; shrinks as the first two grow'];
  }
}

function sumLines(parts: readonly Addend[], risk: RiskScore, canvas: Canvas): readonly Line[] {
  const sum = parts.reduce((total, part) => total + part.adds, 0);
  const clamped = Math.abs(sum - risk.score) > 0.02;
  const label = clamped ? `sum ${hundredths(sum)}, kept within 0 and 100` : 'sum';
  const rule = dim(canvas.glyphs.rule.repeat(8));
  return [
    spread({ left: [], right: [rule], width: canvas.width }).filter((span) => span.text !== ''),
    spread({ left: [strong(label)], right: [strong(hundredths(risk.score))], width: canvas.width }),
  ];
}

/** The verdict, each reason for it, and what would flip it. */
export function gateSection(remediation: Remediation): readonly Block[] {
  const { gate } = remediation.document;
  const mark = dim('·');
  return [
    gap,
    section('gate', 'Gate', [plain(verdictSentence(gate))]),
    ...gate.reasons.map((reason) => item(mark, strong(reason.code), plain(`  ${shown(reason.detail)}`))),
    ...(gate.flips.length === 0 ? [] : [text(dim('what would flip it'))]),
    ...gate.flips.map((flip) => item(dim('→'), plain(shown(flip)))),
  ];
}
