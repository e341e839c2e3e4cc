/** chalk and Ink read FORCE_COLOR once, when they are first imported: to be called before that. */
export function setForceColor(value: '0' | '1'): void {
  process.env['FORCE_COLOR'] = value;
}
