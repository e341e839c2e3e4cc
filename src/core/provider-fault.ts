/**
 * Which failures are the provider's. One list for both views of the gateway: the PostgreSQL adapter writes it as SQL
 * over SpendLogs, the Prometheus adapter as label matchers, so that the two can only differ in what they counted.
 * Source: the error classes and statuses LiteLLM records (`error_information`, `exception_status`).
 */

/** HTTP statuses that are the provider's doing; a whole-string pattern valid in PostgreSQL and in PromQL (RE2). */
export const providerFaultStatuses = '408|5[0-9][0-9]';

/** A provider that answers this is short of quota; whose quota it was shows in how many tenants met it. */
export const rateLimitStatus = '429';

/** What LiteLLM calls a 429 when the status itself was not recorded. */
export const rateLimitClasses = ['RateLimitError'] as const;

/**
 * Faults of the request: the provider is well when it says so. Used only where no status was recorded; any class that
 * is in none of these lists then counts as the provider's (a lost connection has no status).
 */
export const clientErrorClasses = [
  'BadRequestError',
  'ContextWindowExceededError',
  'ContentPolicyViolationError',
  'UnsupportedParamsError',
  'InvalidRequestError',
  'AuthenticationError',
  'PermissionDeniedError',
  'NotFoundError',
  'UnprocessableEntityError',
] as const;

/** Errors the gateway made itself, whatever their status: no provider was asked. */
export const gatewayErrorClasses = [
  'ProxyException',
  'HTTPException',
  'BudgetExceededError',
  'ProxyModelNotFoundError',
  'RouterRateLimitError',
  'RouterRateLimitErrorBasic',
  'RejectedRequestError',
  'GuardrailRaisedException',
  'BlockedPiiEntityError',
  'ModifyResponseException',
] as const;

/**
 * Start of the message of a gateway-made error that means "nothing was left to route to": all deployments blocked or
 * cooling down. No provider's fault, yet a failure for the client. Anchored, because what follows can hold client text;
 * without a bounded repetition, which costs PostgreSQL fifteen times as much.
 */
export const nowhereToRoutePattern =
  '^(?:litellm\\.)?(?:[A-Za-z]+: )?(?:Model is blocked|No deployments available)';

/** Fewer tenants than this make a 429 somebody's own quota rather than the provider's trouble. */
export const rateLimitTenantsMin = 2;

/**
 * Failures that count against a provider. A tenant is a team, or a key that belongs to no team.
 */
export function providerFailures(counted: {
  readonly faults: number;
  readonly rateLimited: number;
  readonly rateLimitedTenants: number;
}): number {
  return counted.faults + (counted.rateLimitedTenants >= rateLimitTenantsMin ? counted.rateLimited : 0);
}
