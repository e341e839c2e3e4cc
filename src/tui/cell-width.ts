const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const invisible = /^[\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}\p{Mn}\p{Me}\p{Surrogate}]+$/v;
const emoji = /^\p{RGI_Emoji}$|^\p{Emoji_Presentation}/v;
const ascii = /^[\x20-\x7e]*$/u;

/** East Asian wide and full-width blocks (Unicode EastAsianWidth W and F), first to last code point. */
const wideBlocks: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

/** Terminal cells the text takes: 2 for wide characters and emoji, 0 for combining marks. */
export function cellWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  return splitGraphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** The text as the characters a person sees. */
export function splitGraphemes(text: string): readonly string[] {
  if (ascii.test(text)) return text.split('');
  return Array.from(graphemes.segment(text), (part) => part.segment);
}

/** Cells of one grapheme. */
export function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  if (emoji.test(grapheme)) return 2;
  return Array.from(grapheme, characterWidth).reduce((widest, width) => Math.max(widest, width), 0);
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return wideBlocks.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
