/**
 * The gateway's tables as far as they are read or filled here: names, types and defaults as in LiteLLM, without the
 * columns nobody looks at. On a database that has the real tables these statements change nothing.
 */
export const litellmTablesSql = `
CREATE TABLE IF NOT EXISTS "LiteLLM_BudgetTable" (
  "budget_id" text PRIMARY KEY,
  "max_budget" double precision,
  "soft_budget" double precision,
  "tpm_limit" bigint,
  "rpm_limit" bigint,
  "budget_duration" text,
  "budget_reset_at" timestamp(3),
  "allowed_models" text[] DEFAULT ARRAY[]::text[],
  "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "created_by" text NOT NULL,
  "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_by" text NOT NULL
);
CREATE TABLE IF NOT EXISTS "LiteLLM_OrganizationTable" (
  "organization_id" text PRIMARY KEY,
  "organization_alias" text NOT NULL,
  "budget_id" text NOT NULL REFERENCES "LiteLLM_BudgetTable" ("budget_id"),
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "models" text[],
  "spend" double precision NOT NULL DEFAULT 0.0,
  "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "created_by" text NOT NULL,
  "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_by" text NOT NULL
);
CREATE TABLE IF NOT EXISTS "LiteLLM_TeamTable" (
  "team_id" text PRIMARY KEY,
  "team_alias" text,
  "organization_id" text REFERENCES "LiteLLM_OrganizationTable" ("organization_id"),
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "max_budget" double precision,
  "soft_budget" double precision,
  "spend" double precision NOT NULL DEFAULT 0.0,
  "models" text[],
  "max_parallel_requests" integer,
  "tpm_limit" bigint,
  "rpm_limit" bigint,
  "budget_duration" text,
  "budget_reset_at" timestamp(3),
  "blocked" boolean NOT NULL DEFAULT false,
  "router_settings" jsonb DEFAULT '{}',
  "policies" text[] DEFAULT ARRAY[]::text[],
  "budget_limits" jsonb,
  "allow_team_guardrail_config" boolean NOT NULL DEFAULT false,
  "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS "LiteLLM_VerificationToken" (
  "token" text PRIMARY KEY,
  "key_name" text,
  "key_alias" text,
  "spend" double precision NOT NULL DEFAULT 0.0,
  "expires" timestamp(3),
  "models" text[],
  "router_settings" jsonb DEFAULT '{}',
  "user_id" text,
  "team_id" text,
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "blocked" boolean,
  "tpm_limit" bigint,
  "rpm_limit" bigint,
  "max_budget" double precision,
  "budget_duration" text,
  "budget_reset_at" timestamp(3),
  "budget_id" text REFERENCES "LiteLLM_BudgetTable" ("budget_id"),
  "organization_id" text REFERENCES "LiteLLM_OrganizationTable" ("organization_id"),
  "settings_updated_at" timestamp(3),
  "last_active" timestamp(3),
  "budget_limits" jsonb,
  "created_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP,
  "updated_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS "LiteLLM_EndUserTable" (
  "user_id" text PRIMARY KEY,
  "alias" text,
  "spend" double precision NOT NULL DEFAULT 0.0,
  "budget_id" text REFERENCES "LiteLLM_BudgetTable" ("budget_id"),
  "blocked" boolean NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS "LiteLLM_ProxyModelTable" (
  "model_id" text PRIMARY KEY,
  "model_name" text NOT NULL,
  "litellm_params" jsonb NOT NULL,
  "model_info" jsonb,
  "blocked" boolean NOT NULL DEFAULT false,
  "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "created_by" text NOT NULL,
  "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_by" text NOT NULL
);
CREATE TABLE IF NOT EXISTS "LiteLLM_Config" (
  "param_name" text PRIMARY KEY,
  "param_value" jsonb,
  "last_run_at" timestamp(3),
  "reload_revision" bigint NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS "LiteLLM_GuardrailsTable" (
  "guardrail_id" text PRIMARY KEY,
  "guardrail_name" text NOT NULL UNIQUE,
  "litellm_params" jsonb NOT NULL,
  "guardrail_info" jsonb,
  "team_id" text,
  "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" timestamp(3) NOT NULL,
  "status" text NOT NULL DEFAULT 'active'
);
CREATE TABLE IF NOT EXISTS "LiteLLM_SpendLogs" (
  "request_id" text PRIMARY KEY,
  "call_type" text NOT NULL,
  "api_key" text NOT NULL DEFAULT '',
  "spend" double precision NOT NULL DEFAULT 0.0,
  "total_tokens" integer NOT NULL DEFAULT 0,
  "prompt_tokens" integer NOT NULL DEFAULT 0,
  "completion_tokens" integer NOT NULL DEFAULT 0,
  "startTime" timestamp(3) NOT NULL,
  "endTime" timestamp(3) NOT NULL,
  "request_duration_ms" integer,
  "completionStartTime" timestamp(3),
  "model" text NOT NULL DEFAULT '',
  "model_id" text DEFAULT '',
  "model_group" text DEFAULT '',
  "custom_llm_provider" text DEFAULT '',
  "api_base" text DEFAULT '',
  "user" text DEFAULT '',
  "metadata" jsonb DEFAULT '{}',
  "cache_hit" text DEFAULT '',
  "cache_key" text DEFAULT '',
  "request_tags" jsonb DEFAULT '[]',
  "team_id" text,
  "organization_id" text,
  "end_user" text,
  "requester_ip_address" text,
  "session_id" text,
  "status" text,
  "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX IF NOT EXISTS "LiteLLM_SpendLogs_startTime_idx" ON "LiteLLM_SpendLogs" ("startTime");
`;

/** The same, one statement each: extended protocols take no more at a time. */
export function litellmTableStatements(): readonly string[] {
  return litellmTablesSql
    .split(/;\s*\n/u)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
