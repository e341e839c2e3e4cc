const offset = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;
const separator = 0xff;

/**
 * The fingerprint Prometheus and Alertmanager give a label set: 64-bit FNV-1a over the sorted names and values, as 16
 * hex digits. Computed here because only Alertmanager's API returns it, and the same alert must fold into one incident
 * whichever of the two reported it. Source: `prometheus/common` model/signature.go.
 */
export function labelFingerprint(labels: Readonly<Record<string, string>>): string {
  const encoder = new TextEncoder();
  const bytes = Object.keys(labels)
    .map((name) => ({ name: encoder.encode(name), value: encoder.encode(labels[name]) }))
    .sort((a, b) => compareBytes(a.name, b.name))
    .flatMap(({ name, value }) => [...name, separator, ...value, separator]);
  let hash = offset;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * prime) & 0xffff_ffff_ffff_ffffn;
  return hash.toString(16).padStart(16, '0');
}

/** Go sorts strings by byte, JavaScript by UTF-16 unit. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
