import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operationalPressure } from '../../../src/core/risk/operational-pressure.ts';
import type { PressureInput } from '../../../src/core/risk/operational-pressure.ts';
import { defaultRiskSettings } from '../../../src/core/risk/risk-score.ts';
import { breakerByDay, byNight } from '../../support/risk-input.ts';

const points = defaultRiskSettings.pressure;
const calm = breakerByDay.pressure;
const pressureOf = (change: Partial<PressureInput>) => {
  const { value, reasons } = operationalPressure({ ...calm, ...change }, points);
  return [value, ...reasons.map((reason) => `${reason.code} ${reason.points}`)];
};

describe('operational pressure', () => {
  test.each<[string, Partial<PressureInput>, readonly (number | string)[]]>([
    ['by day', {}, [0]],
    ['at night', { now: byNight }, [70, 'after_hours 70']],
    ['no zone is after hours', { timeZone: null }, [70, 'after_hours 70']],
    ['a zone that does not exist is after hours', { timeZone: 'Mars/Base' }, [70, 'after_hours 70']],
    ['two incidents are no cascade', { openIncidentsOnSameProvider: 2 }, [0]],
    ['three are', { openIncidentsOnSameProvider: 3 }, [40, 'cascade 40']],
    ['a count that is none is', { openIncidentsOnSameProvider: Number.NaN }, [40, 'cascade 40']],
    ['a failure before', { failedLastHour: true }, [60, 'failed_before 60']],
    ['a freeze', { freeze: { state: 'holds', detail: 'year end' } }, [100, 'freeze 100']],
    ['no freeze now', { freeze: { state: 'clear' } }, [0]],
    ['a calendar that cannot be read', { freeze: { state: 'unknown', reason: 'old' } }, [100, 'freeze 100']],
    ['budget at the bound', { errorBudget: { state: 'known', remainingPercent: 75 } }, [0]],
    [
      'budget below the bound',
      { errorBudget: { state: 'known', remainingPercent: 74.9 } },
      [40, 'error_budget_low 40'],
    ],
    [
      'budget that is no number',
      { errorBudget: { state: 'known', remainingPercent: Number.NaN } },
      [40, 'error_budget_low 40'],
    ],
    ['budget unknown', { errorBudget: { state: 'unknown', reason: 'no data' } }, [40, 'error_budget_low 40']],
    [
      'the cap holds, each reason keeps its points',
      { now: byNight, openIncidentsOnSameProvider: 3, failedLastHour: true },
      [100, 'after_hours 70', 'cascade 40', 'failed_before 60'],
    ],
  ])('%s', (_, change, expected) => {
    expect(pressureOf(change)).toEqual(expected);
  });

  test('says when and where it is', () => {
    const { reasons } = operationalPressure({ ...calm, now: byNight }, points);
    expect(reasons[0]?.detail).toBe('Sat 03:10 Europe/Berlin is outside Mon–Fri 08–18');
  });

  test('never exceeds the cap and never falls with one more pressure', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(6), fc.boolean(), fc.nat(100), (night, open, failed, cap) => {
        const input: PressureInput = {
          ...calm,
          now: night ? byNight : calm.now,
          openIncidentsOnSameProvider: open,
          failedLastHour: failed,
        };
        const capped = { ...points, cap };
        const { value } = operationalPressure(input, capped);
        expect(value).toBeLessThanOrEqual(cap);
        const more = { ...input, freeze: { state: 'holds', detail: 'now' } as const };
        expect(operationalPressure(more, capped).value).toBeGreaterThanOrEqual(value);
      }),
    );
  });
});
