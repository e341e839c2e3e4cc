/** A secret shorter than this would blank out ordinary words. */
const secretLengthMin = 4;

/**
 * The text without this one secret, also where an answer repeats it escaped as JSON, HTML or a part of an address. For
 * secrets that are known to the letter; what merely looks like one is the business of `redactSecrets`.
 */
export function hideSecret(text: string, secret: string): string {
  if (secret.length < secretLengthMin) return text;
  const html = secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), html];
  return forms.reduce((rest, form) => rest.replaceAll(form, '[redacted]'), text);
}
