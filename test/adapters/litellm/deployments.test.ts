import { describe, expect, test } from 'vitest';
import { toDeployment } from '../../../src/adapters/litellm/deployments.ts';
import { deploymentRowSchema } from '../../../src/adapters/litellm/wire.ts';

const row = (given: {
  readonly model_name?: string;
  readonly litellm_params?: object;
  readonly model_info?: object;
}) =>
  toDeployment(
    deploymentRowSchema.parse({
      model_name: given.model_name ?? 'gpt-4o',
      litellm_params: { model: 'openai/gpt-4o', ...given.litellm_params },
      model_info: { id: 'd-1', ...given.model_info },
    }),
  );

describe('deployments', () => {
  test.each([
    [
      'the custom provider before the prefix',
      { custom_llm_provider: 'azure_ai', model: 'openai/x' },
      {},
      'azure_ai',
    ],
    ['the prefix', { model: 'bedrock/anthropic.claude' }, { litellm_provider: 'openai' }, 'bedrock'],
    ['the prefix up to the first slash', { model: 'together_ai/meta-llama/Llama-3' }, {}, 'together_ai'],
    ['the reported provider', { model: 'claude-sonnet-4-6' }, { litellm_provider: 'anthropic' }, 'anthropic'],
    ['an empty custom provider does not count', { custom_llm_provider: '', model: 'azure/x' }, {}, 'azure'],
    ['lower case', { custom_llm_provider: ' OpenAI ', model: 'x' }, {}, 'openai'],
    ['nothing to tell from', { model: '/x' }, {}, ''],
  ])('provider: %s', (_what, litellm_params, model_info, provider) => {
    expect(row({ litellm_params, model_info }).provider).toBe(provider);
  });

  test('database, flag and wildcard', () => {
    expect(row({ model_info: { db_model: true, blocked: true } })).toMatchObject({
      inDatabase: true,
      blocked: true,
      wildcard: false,
    });
    expect(row({})).toMatchObject({ inDatabase: false, blocked: null });
    expect(row({ litellm_params: { model: 'openai/*' } }).wildcard).toBe(true);
    expect(row({ model_name: 'openai/*' }).wildcard).toBe(true);
  });

  test('a team-owned deployment goes by its public name', () => {
    const model_name = 'model_name_team-a_7c9e';
    const team = { team_id: 'team-a', team_public_model_name: 'gpt-4o' };
    expect(row({ model_name, model_info: team }).modelGroup).toBe('gpt-4o');
    expect(row({ model_name, model_info: { ...team, team_id: null } }).modelGroup).toBe(model_name);
    expect(row({ model_name, model_info: { team_id: 'team-a' } }).modelGroup).toBe(model_name);
  });

  test('hidden characters of names are made visible', () => {
    expect(row({ model_name: 'gpt\u202e4o', model_info: { id: 'a\u0007' } })).toMatchObject({
      modelGroup: 'gpt\\u{202E}4o',
      id: 'a\\u{7}',
    });
  });
});
