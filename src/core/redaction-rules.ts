/** What a marker says was there: `[redacted:api-key]`. */
export type SecretKind =
  | 'api-key'
  | 'password'
  | 'token'
  | 'authorization'
  | 'cookie'
  | 'private-key'
  | 'webhook-url'
  | 'signature'
  | 'credential'
  | 'opaque';

/** What a match must hold besides the pattern, so that words with the same beginning stay readable. */
export type Proof = 'none' | 'digit' | 'opaque' | 'mixed' | 'dotted';

export interface SecretRule {
  readonly kind: SecretKind;
  /** Global, within one line, every repetition bounded by its character class. Group 1, if any, stays readable. */
  readonly pattern: RegExp;
  readonly proof: Proof;
}

const rule = (kind: SecretKind, pattern: RegExp, proof: Proof = 'none'): SecretRule => ({
  kind,
  pattern,
  proof,
});

/** Secrets known by their own shape: fixed prefixes, and URLs that are themselves the permission. */
export const shapeRules: readonly SecretRule[] = [
  // Gateways and model providers. `sk-` begins many words' second half (`task-`, `disk-`): hence the proofs.
  rule('api-key', /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{4,}/g, 'digit'),
  rule('api-key', /sk-[A-Za-z0-9_-]{16,}/g, 'mixed'),
  rule('api-key', /(?<![A-Za-z0-9]{2})sk-1234(?![0-9])/g),
  rule('api-key', /[sp]k-lf-[0-9a-f-]{32,}/g),
  rule('api-key', /sk-or-v1-[0-9a-f]{32,}/g),
  rule('api-key', /AIza[A-Za-z0-9_-]{35}/g),
  rule('api-key', /gsk_[A-Za-z0-9]{40,}/g, 'opaque'),
  rule(
    'api-key',
    /(?:xai|pplx|csk|fw|pcsk|voyage|pa|nvapi|jina|tgp_v1|esecret|r8|hf)[-_][A-Za-z0-9_-]{30,}/g,
    'mixed',
  ),
  rule('api-key', /hf_[A-Za-z]{34}/g, 'opaque'),
  rule('api-key', /lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}/g),
  // Clouds.
  rule('api-key', /(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}/g),
  rule('api-key', /ABSK[A-Za-z0-9+/]{60,}={0,2}/g),
  rule('api-key', /bedrock-api-key-[A-Za-z0-9+/=]{40,}/g),
  rule('credential', /[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}/g),
  rule('token', /ya29\.[A-Za-z0-9_-]{20,}/g),
  rule('credential', /GOCSPX-[A-Za-z0-9_-]{28}/g),
  rule('token', /do[oprt]_v1_[0-9a-f]{64}/g),
  rule('token', /dapi[0-9a-f]{32}(?:-[0-9])?/g),
  rule('signature', /(sig=)[A-Za-z0-9%+/_-]{20,}={0,2}/g, 'opaque'),
  rule('signature', /(X-Amz-(?:Signature|Security-Token|Credential)=)[A-Za-z0-9%+/_-]{16,}={0,2}/gi),
  // Code forges, registries, chat, paging, payment, observability.
  rule('token', /gh[oprsu]_[A-Za-z0-9]{30,}/g),
  rule('token', /github_pat_[A-Za-z0-9_]{40,}/g),
  rule('token', /gl(?:pat|dt|rt|ptt|cbt|ft|soat|agent|oas|imt)-[A-Za-z0-9_-]{20,}/g),
  rule('token', /xox[a-z](?:-[a-z0-9]{1,3})?-[A-Za-z0-9-]{20,}/gi),
  rule('token', /xapp-[0-9]-[A-Za-z0-9-]{20,}/g),
  rule('token', /npm_[A-Za-z0-9]{36}/g),
  rule('token', /pypi-[A-Za-z0-9_-]{40,}/g, 'mixed'),
  rule('token', /dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}/g),
  rule('token', /hv[bsr]\.[A-Za-z0-9_-]{20,}/g),
  rule('token', /gl(?:sa|c)_[A-Za-z0-9_]{30,}/g),
  rule('token', /sntry[a-z]_[A-Za-z0-9+/=_-]{30,}/g),
  rule('api-key', /(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}/g),
  rule('credential', /whsec_[A-Za-z0-9+/=]{16,}/g),
  rule('api-key', /SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,}/g),
  rule('token', /NRAK-[A-Z0-9]{27}/g),
  rule('token', /(?:tskey|ATATT3|lin_api|shp(?:at|ca|pa|ss))[-_A-Za-z0-9=]{28,}/g, 'opaque'),
  rule('api-key', /AGE-SECRET-KEY-1[A-Z0-9]{58}/g),
  rule('token', /(?<![A-Za-z0-9+/]{2})u\+[A-Za-z0-9_+-]{18}(?![A-Za-z0-9+/]{2})/g),
  rule('token', /[0-9]{8,10}:A[A-Za-z0-9_-]{34}/g, 'opaque'),
  rule('token', /eyJ[A-Za-z0-9_.-]{20,}/g, 'dotted'),
  rule('webhook-url', /(hooks\.slack(?:-gov)?\.com\/[a-z]+\/)[A-Za-z0-9_/+-]{16,}/gi),
  rule('webhook-url', /(discord(?:app)?\.com\/api\/(?:v[0-9]+\/)?webhooks\/)[A-Za-z0-9_/-]{16,}/gi),
  rule('webhook-url', /(\.(?:webhook\.office|logic\.azure)\.com\/)[^\s"'`<>]{16,}/gi),
  rule('webhook-url', /(events\.(?:eu\.)?pagerduty\.com\/integration\/)[A-Za-z0-9]{16,}/gi),
  rule('webhook-url', /(chat\.googleapis\.com\/v1\/spaces\/)[^\s"'`<>]{16,}/gi),
  // Permission inside a URL or a header without its name.
  rule('password', /([a-z][a-z0-9+.-]{1,30}:\/\/[^\s:@/?#"'`]{0,128}:)[^\s/"'`]{1,256}(?=@)/gi),
  rule(
    'password',
    /((?:postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|mongodb|smtps?)(?:\+[a-z0-9]{1,16})?:\/\/[^\s:@/?#"'`]{0,128}:)[^\s@"'`]{1,256}(?=@)/gi,
  ),
  rule('credential', /(https?:\/\/)[^\s:@/?#"'`]{16,256}(?=@)/gi, 'opaque'),
  rule('authorization', /(\b(?:bearer|basic)[ \t]{1,4})[A-Za-z0-9._~+/:-]{12,}={0,2}/gi, 'opaque'),
  rule('password', /(\b(?:password|identified by)[ \t]{1,4}')[^'\n]{1,256}(?=')/gi),
];

const namesOfKind = {
  'api-key':
    '(?:api|access|secret|private|master|routing|integration|signing|encryption|auth|account|subscription|storage|shared|virtual|salt|license)[-_. ]?keys?',
  password: 'pass(?:word|wd|phrase|code)s?|pwd',
  token: 'token|jwt',
  authorization: 'authorization',
  cookie: 'cookies?',
  credential: 'secrets?|credentials?|dsn|connection[-_. ]?string',
} as const satisfies { readonly [K in SecretKind]?: string };

export type NamedKind = keyof typeof namesOfKind;

const anyName = `(?:${Object.values(namesOfKind).join('|')})`;
const told = '(?:[ \\t](?:provided|received|supplied|passed|used|given))?';
const equals = '(?:=>|:=|={1,3}|:|%3D|%3A)';

/** A name in text that makes its value a secret, up to where the value starts: `"api_key": `, `PASSWORD=`. */
export const assignment = new RegExp(
  `(${anyName})${told}(?:\\\\{0,3}["'\`])?[ \\t]{0,4}${equals}[ \\t]{0,4}`,
  'gi',
);

/** A command-line flag that takes a secret as its next word: `--api-key VALUE`. */
export const flag = new RegExp(`--[a-z0-9-]{0,30}(${anyName})[ \\t]{1,4}(?=[^\\s-])`, 'gi');

const namedKinds: readonly NamedKind[] = [
  'api-key',
  'password',
  'token',
  'authorization',
  'cookie',
  'credential',
];
const kindPatterns = namedKinds.map((kind) => [kind, new RegExp(`(?:${namesOfKind[kind]})$`, 'i')] as const);

/** A digest of a secret is not the secret: `hashed_api_key`, `token_hash`. */
export const hashedName = /hash(?!icorp)(?:ed)?[-_. ]?(?:[a-z]{1,12}[-_. ]?){0,3}$/i;

/** The kind of secret that a key of this name holds, or null. `prompt_tokens` and `key_alias` hold none. */
export function kindOfName(name: string): NamedKind | null {
  if (/hash(?!icorp)/i.test(name)) return null;
  for (const [kind, pattern] of kindPatterns) if (pattern.test(name)) return kind;
  return null;
}

/** Schemes before the secret part of an Authorization header; they stay readable. */
export const scheme = /(?:bearer|basic|token|apikey|negotiate|api-key)[ \t]{1,4}/iy;

/** Schemes whose secret part is a list of its own, up to the end of the line. */
export const longScheme = /(?:digest|oauth|signature|aws4-hmac-sha256)[ \t]/iy;

/** Values that hold no secret: references, templates, placeholders, digests, what was masked before. */
export const harmlessValues: readonly RegExp[] = [
  /^(?:null|none|nil|undefined|true|false|missing|required|optional|unset|empty|invalid|expired|unknown|string|yes|no|n\/a)$/i,
  /^(?:os\.environ|env[.:]|process\.env|vault:|arn:|secret:\/\/|\{\{|sha(?:1|256|384|512)[:-])/i,
  /^(?:\$[{(]|\$[A-Z][A-Z0-9_]{2,}$|%[sdv]$|%\([a-z_]+\)s$)/,
  /^<[a-z0-9 _.-]{1,64}>?$/i,
  /^\[?redacted\b/i,
  /^[^\p{L}\p{N}]*$/u,
  /^[A-Za-z0-9_-]{0,12}(?:\*{3,}|\.{3,}|…|x{6,}|•{3,})[A-Za-z0-9_-]{0,6}$/i,
];

/** What may stand before a long opaque token that is an id or a digest, not a secret. */
export const idLabel =
  /(?:hash|hashed[-_a-z]{1,24}|\bsha-?[0-9]{0,3}|md5|digest|checksum|fingerprint|etag|commit|revision|\brev|\btree|\bblob|trace|span|parent|request|deployment|model|uuid|\buid|guid|nonce|\bsalt|cursor|subject|signature|\bids?|[_.-]ids?|ssh-(?:ed25519|rsa))(?:[^A-Za-z0-9]{0,4}\([a-z]{1,12}\))?[^A-Za-z0-9]{0,8}$|(?:\\{0,3}"key\\{0,3}"[ ]?:[ ]?\\{0,3}"|\bkey `|\b(?:key|team|org)\.[a-z_]{1,32}\[)$/i;

/** The same for names like `requestId`; apart, because case matters here (`invalid` is no id). */
export const camelIdLabel = /[a-z]Ids?[^A-Za-z0-9]{0,8}$/;

/** Names under which a whole string is an id, a digest or a signature. */
export const idName =
  /(?:hash|sha-?[0-9]{0,3}|md5|digest|checksum|fingerprint|etag|commit|revision|trace|traceparent|uuid|uid|guid|nonce|salt|cursor|subject|signature|publickey|public_key|checkpoint|note|^ids?|[a-z_.-]ids?)$/i;

/** Public ids that look random. */
export const idPrefix =
  /^(?:chatcmpl|cmpl|req|resp|msg|run|call|toolu|gen|batch|file|asst|thread|modr|rs|fp|ft|step|vs|evt|in|trace)[-_]|^sha(?:1|256|384|512)-/;
