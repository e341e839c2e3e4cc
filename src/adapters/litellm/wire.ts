import { z } from 'zod';

/** The parts of the admin API's answers that are used (facts/litellm.md B). Everything else is dropped on parsing. */

const name = z.string().max(512);
/** BIGINT columns may come as text. */
const count = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d{1,15}$/u)
    .transform(Number),
]);

export const deploymentRowSchema = z.object({
  model_name: name,
  litellm_params: z.object({ model: name, custom_llm_provider: name.nullish() }),
  model_info: z.object({
    id: name,
    db_model: z.boolean().nullish(),
    blocked: z.boolean().nullish(),
    litellm_provider: name.nullish(),
    team_id: name.nullish(),
    team_public_model_name: name.nullish(),
  }),
});
export type DeploymentRow = z.infer<typeof deploymentRowSchema>;

/** GET /model/info; with `litellm_model_id` some releases answer one object instead of a list. */
export const modelInfoSchema = z
  .object({
    data: z.union([z.array(deploymentRowSchema), deploymentRowSchema.transform((row) => [row])]),
  })
  .transform(({ data }) => data);

export const readinessSchema = z.object({ litellm_version: z.string().max(64).nullish() });

export const openapiSchema = z
  .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
  .transform(({ paths }) => paths);

const aliasValue = z.union([
  name.transform((model) => ({ model, hidden: false })),
  z
    .object({ model: name, hidden: z.boolean().nullish() })
    .transform(({ model, hidden }) => ({ model, hidden: hidden === true })),
]);
export const aliasMapSchema = z.record(z.string(), aliasValue);
export type AliasMap = z.infer<typeof aliasMapSchema>;

export const fallbackListSchema = z.array(z.record(z.string(), z.array(name)));

/** Only `router_settings` survives: the answer also holds callback secrets in clear. */
export const callbacksSchema = z
  .object({ router_settings: z.record(z.string(), z.json()) })
  .transform((answer) => answer.router_settings);

export const guardrailRowSchema = z.object({
  guardrail_id: name.nullish(),
  guardrail_name: name,
  litellm_params: z.object({ default_on: z.boolean().nullish() }).nullish(),
  guardrail_definition_location: name.nullish(),
});
export const guardrailListSchema = z
  .object({ guardrails: z.array(guardrailRowSchema) })
  .transform(({ guardrails }) => guardrails);

export const teamRowSchema = z.object({
  team_id: name,
  team_alias: name.nullish(),
  organization_id: name.nullish(),
  spend: z.number().nullish(),
  max_budget: z.number().nullish(),
  soft_budget: z.number().nullish(),
  rpm_limit: count.nullish(),
  tpm_limit: count.nullish(),
  blocked: z.boolean().nullish(),
});
export type TeamRow = z.infer<typeof teamRowSchema>;

export const teamListSchema = z.array(teamRowSchema);
export const teamPageSchema = z.object({
  teams: z.array(teamRowSchema),
  total_pages: z.number().int().min(0),
});

/** The limits of a team, key or budget row. A key that the row lacks stays absent: absent is not "no limit". */
export const limitsSchema = z.object({
  max_budget: z.number().nullable().optional(),
  rpm_limit: count.nullable().optional(),
  tpm_limit: count.nullable().optional(),
});
export type LimitField = keyof z.infer<typeof limitsSchema>;

export const teamInfoSchema = z.object({ team_info: limitsSchema }).transform((answer) => answer.team_info);
export const keyInfoSchema = z
  .object({ info: limitsSchema.extend({ blocked: z.boolean().nullish() }) })
  .transform((answer) => answer.info);
export const budgetInfoSchema = z.array(limitsSchema.extend({ budget_id: name }));
