import { describe, expect, test } from 'vitest';
import { minutesToMs } from '../../src/core/tempo.ts';
import { createGatewayState } from '../../src/sandbox/gateway-state.ts';
import {
  createScenario,
  outageLeadMinutes,
  outageMinutesMax,
  outageProvider,
  recoveryMinutes,
} from '../../src/sandbox/scenario.ts';

const tempo = { minuteMs: 4_000 };
const startMs = 1_000_000_000;
const at = (minutes: number) => startMs + minutesToMs(tempo, minutes);

function blockProvider(only: (index: number) => boolean) {
  const state = createGatewayState();
  const mine = [...state.deployments.values()].filter((row) => row.provider === outageProvider);
  for (const [index, row] of mine.entries()) state.deployments.set(row.id, { ...row, blocked: only(index) });
  return state;
}

describe('the outage', () => {
  test('begins before the start, hits one provider, and ends at the latest after its maximum', () => {
    const { failureChance } = createScenario('provider_outage', { startMs, tempo });
    const chances = [
      -outageLeadMinutes - 1,
      -outageLeadMinutes,
      0,
      outageMinutesMax - 1,
      outageMinutesMax,
    ].map((minutes) => failureChance(outageProvider, at(minutes)) > 0.5);
    expect(chances).toEqual([false, true, true, true, false]);
    expect(failureChance('openai', at(0))).toBeLessThan(0.01);
  });

  test('is over some minutes after the whole provider was taken out, and does not come back', () => {
    const { failureChance, observe } = createScenario('provider_outage', { startMs, tempo });
    observe(at(1), createGatewayState());
    observe(
      at(2),
      blockProvider((index) => index === 0),
    );
    expect(failureChance(outageProvider, at(50))).toBeGreaterThan(0.5);
    observe(
      at(60),
      blockProvider(() => true),
    );
    expect(failureChance(outageProvider, at(60 + recoveryMinutes) - 1)).toBeGreaterThan(0.5);
    expect(failureChance(outageProvider, at(60 + recoveryMinutes))).toBeLessThan(0.01);
    observe(at(90), createGatewayState());
    observe(
      at(91),
      blockProvider(() => true),
    );
    expect(failureChance(outageProvider, at(92))).toBeLessThan(0.01);
  });
});
