import { createHash } from 'node:crypto';

/** The imagined company behind the simulated gateway: who asks for what, and who serves it. */

export const providerNames = ['openai', 'anthropic', 'azure', 'bedrock'] as const;
export type ProviderName = (typeof providerNames)[number];

interface ProviderTraits {
  readonly apiBase: string;
  /** Usual response time in real milliseconds. */
  readonly latencyMs: number;
  /** What one simulated request costs, USD. */
  readonly costUsd: number;
  /** As in the provider's own exceptions. */
  readonly exceptionName: string;
}

export const providers: { readonly [P in ProviderName]: ProviderTraits } = {
  openai: {
    apiBase: 'https://api.openai.com/v1/',
    latencyMs: 620,
    costUsd: 0.0021,
    exceptionName: 'OpenAIException',
  },
  anthropic: {
    apiBase: 'https://api.anthropic.com/v1/messages',
    latencyMs: 840,
    costUsd: 0.0034,
    exceptionName: 'AnthropicException',
  },
  azure: {
    apiBase: 'https://acme-eu.openai.azure.com',
    latencyMs: 710,
    costUsd: 0.0022,
    exceptionName: 'AzureException',
  },
  bedrock: {
    apiBase: 'https://bedrock-runtime.eu-central-1.amazonaws.com',
    latencyMs: 930,
    costUsd: 0.0036,
    exceptionName: 'BedrockException',
  },
};

export interface SimulatedDeployment {
  readonly id: string;
  readonly modelGroup: string;
  readonly provider: ProviderName;
  /** LiteLLM's model name, `provider/model`. */
  readonly model: string;
  /** False: from config.yaml, not changeable by API. */
  readonly inDatabase: boolean;
  readonly blocked: boolean;
}

export interface SimulatedTeam {
  readonly id: string;
  readonly alias: string;
  readonly spend: number;
  readonly maxBudget: number | null;
  readonly softBudget: number | null;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly blocked: boolean;
}

export interface SimulatedKey {
  /** SHA-256 hex of the key. */
  readonly token: string;
  readonly alias: string;
  readonly teamId: string;
  readonly spend: number;
  readonly maxBudget: number | null;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly blocked: boolean | null;
}

export interface SimulatedBudget {
  readonly id: string;
  readonly maxBudget: number | null;
  readonly softBudget: number | null;
}

export interface SimulatedGuardrail {
  readonly id: string;
  readonly name: string;
  readonly defaultOn: boolean;
  readonly inDatabase: boolean;
}

export const organization = { id: 'org-acme', alias: 'Acme', budgetId: 'budget-acme', spend: 862.4 } as const;

/** A stable UUID for a name: the same in every sandbox. */
function idFor(name: string): string {
  const hex = createHash('sha256').update(`scutum-sre sandbox ${name}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** The secret of a simulated key: opens nothing but this gateway, and no admin route of it. */
export function virtualKeySecret(alias: string): string {
  return `sk-sandbox-${alias}`;
}

/** How the gateway stores a key. */
export function keyHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function deployment(modelGroup: string, model: string, where: 'database' | 'config'): SimulatedDeployment {
  const provider = providerNames.find((name) => model.startsWith(`${name}/`));
  if (provider === undefined) throw new Error(`\`${model}\` names no provider of the sandbox`);
  const inDatabase = where === 'database';
  return { id: idFor(`${modelGroup} ${model}`), modelGroup, provider, model, inDatabase, blocked: false };
}

/** Every group is served by two providers, so that breaking one leaves the other. */
export const initialDeployments: readonly SimulatedDeployment[] = [
  deployment('gpt-4o', 'openai/gpt-4o', 'database'),
  deployment('gpt-4o', 'azure/gpt-4o-eu', 'database'),
  deployment('gpt-4o-mini', 'openai/gpt-4o-mini', 'database'),
  deployment('gpt-4o-mini', 'azure/gpt-4o-mini-eu', 'database'),
  deployment('claude-sonnet-4-6', 'anthropic/claude-sonnet-4-6', 'database'),
  deployment('claude-sonnet-4-6', 'bedrock/anthropic.claude-sonnet-4-6', 'database'),
  deployment('claude-haiku-4-5', 'anthropic/claude-haiku-4-5', 'database'),
  deployment('claude-haiku-4-5', 'bedrock/anthropic.claude-haiku-4-5', 'database'),
  deployment('support-chat', 'anthropic/claude-haiku-4-5', 'database'),
  deployment('support-chat', 'openai/gpt-4o-mini', 'database'),
  deployment('text-embedding-3-small', 'openai/text-embedding-3-small', 'database'),
  deployment('text-embedding-3-small', 'azure/text-embedding-3-small', 'config'),
];

function team(
  id: string,
  alias: string,
  money: readonly [spend: number, softBudget: number, maxBudget: number],
): SimulatedTeam {
  const [spend, softBudget, maxBudget] = money;
  return { id, alias, spend, softBudget, maxBudget, rpmLimit: 300, tpmLimit: 400_000, blocked: false };
}

export const initialTeams: readonly SimulatedTeam[] = [
  team('team-payments', 'Payments', [182.5, 400, 500]),
  team('team-search', 'Search', [96.2, 200, 250]),
  team('team-support', 'Support', [211.9, 320, 400]),
  team('team-research', 'Research', [310.4, 500, 600]),
  team('team-batch', 'Batch', [61.4, 120, 150]),
];

function virtualKey(
  alias: string,
  teamId: string,
  limits: { readonly maxBudget: number | null },
): SimulatedKey {
  return {
    token: keyHash(virtualKeySecret(alias)),
    alias,
    teamId,
    spend: 40,
    maxBudget: limits.maxBudget,
    rpmLimit: null,
    tpmLimit: null,
    blocked: null,
  };
}

export const initialKeys: readonly SimulatedKey[] = [
  virtualKey('payments-prod', 'team-payments', { maxBudget: null }),
  virtualKey('search-prod', 'team-search', { maxBudget: null }),
  virtualKey('search-index', 'team-search', { maxBudget: 120 }),
  virtualKey('support-web', 'team-support', { maxBudget: null }),
  virtualKey('support-bot', 'team-support', { maxBudget: 200 }),
  virtualKey('research-lab', 'team-research', { maxBudget: null }),
  virtualKey('batch-nightly', 'team-batch', { maxBudget: 150 }),
];

export const initialBudgets: readonly SimulatedBudget[] = [
  { id: organization.budgetId, maxBudget: 2_000, softBudget: 1_600 },
];

export const initialGuardrails: readonly SimulatedGuardrail[] = [
  { id: idFor('guardrail pii-mask'), name: 'pii-mask', defaultOn: true, inDatabase: true },
  { id: idFor('guardrail prompt-shield'), name: 'prompt-shield', defaultOn: true, inDatabase: true },
  { id: idFor('guardrail profanity'), name: 'profanity', defaultOn: false, inDatabase: false },
];

/** One stream of requests: who asks which group, and how often compared with the others. */
export interface Stream {
  readonly keyAlias: string;
  readonly modelGroup: string;
  readonly weight: number;
}

/** Three of five teams depend on anthropic; payments and search do not. */
export const streams: readonly Stream[] = [
  { keyAlias: 'payments-prod', modelGroup: 'gpt-4o', weight: 12 },
  { keyAlias: 'payments-prod', modelGroup: 'gpt-4o-mini', weight: 8 },
  { keyAlias: 'search-prod', modelGroup: 'gpt-4o-mini', weight: 9 },
  { keyAlias: 'search-index', modelGroup: 'text-embedding-3-small', weight: 11 },
  { keyAlias: 'support-web', modelGroup: 'support-chat', weight: 16 },
  { keyAlias: 'support-bot', modelGroup: 'claude-haiku-4-5', weight: 9 },
  { keyAlias: 'research-lab', modelGroup: 'claude-sonnet-4-6', weight: 12 },
  { keyAlias: 'research-lab', modelGroup: 'gpt-4o', weight: 8 },
  { keyAlias: 'batch-nightly', modelGroup: 'claude-sonnet-4-6', weight: 9 },
  { keyAlias: 'batch-nightly', modelGroup: 'gpt-4o-mini', weight: 6 },
];

/** Routes from the gateway's YAML: an alias defined there cannot be removed by API. */
export const yamlRouterSettings = {
  routing_strategy: 'simple-shuffle',
  allowed_fails: 1_000,
  cooldown_time: 5,
  num_retries: 0,
  timeout: 600,
  retry_after: 0,
  fallbacks: [],
  context_window_fallbacks: [],
  model_group_alias: { 'gpt-4-turbo': 'gpt-4o' },
} as const;
