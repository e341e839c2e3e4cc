/** What differs between LiteLLM releases as far as it matters here (facts/litellm.md B.3, B.4). */
export interface ReleaseTraits {
  readonly version: string;
  /** `blocked` exists and can be set by PATCH. */
  readonly blockedFlag: boolean;
  /** POST /model/block and /model/unblock exist. */
  readonly blockRoutes: boolean;
  /** POST /config/update merges per key; older releases replace the whole row and drop unknown names. */
  readonly configUpdate: 'merges' | 'replaces';
}

export const releases = {
  '1.81': { version: '1.81.13', blockedFlag: false, blockRoutes: false, configUpdate: 'replaces' },
  '1.95': { version: '1.95.2', blockedFlag: true, blockRoutes: false, configUpdate: 'merges' },
  '1.100': { version: '1.100.1', blockedFlag: true, blockRoutes: true, configUpdate: 'merges' },
} as const satisfies Record<string, ReleaseTraits>;
export type ReleaseName = keyof typeof releases;
