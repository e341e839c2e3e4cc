import type { Deployment } from '../../core/evidence.ts';
import { visibleText } from '../../core/plain-text.ts';
import type { DeploymentRow } from './wire.ts';

/** A deployment as the gateway reports it, in our terms; ids and names with hidden characters made visible. */
export function toDeployment(row: DeploymentRow): Deployment {
  const { model_info: info } = row;
  return {
    id: shown(info.id),
    modelGroup: shown(publicName(row)),
    provider: shown(providerOf(row)),
    inDatabase: info.db_model === true,
    blocked: info.blocked ?? null,
    wildcard: row.litellm_params.model.includes('*') || row.model_name.includes('*'),
  };
}

/**
 * `custom_llm_provider`, else the prefix of the model name, else `litellm_provider`; '' when none is given (B.3). Lower
 * case, as the log tables are compared.
 */
export function providerOf(row: DeploymentRow): string {
  const { custom_llm_provider: custom, model } = row.litellm_params;
  const slash = model.indexOf('/');
  const prefix = slash > 0 ? model.slice(0, slash) : '';
  return (custom || prefix || row.model_info.litellm_provider || '').trim().toLowerCase();
}

/** Team-owned deployments carry a generated name; clients ask for the public one (A.2). */
function publicName(row: DeploymentRow): string {
  const { team_id: team, team_public_model_name: name } = row.model_info;
  const owned = team !== undefined && team !== null && team !== '';
  return owned && name !== undefined && name !== null && name !== '' ? name : row.model_name;
}

const shown = (text: string) => visibleText(text, { maxLength: 512 });
