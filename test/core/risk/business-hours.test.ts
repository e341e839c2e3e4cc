import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { businessTime } from '../../../src/core/risk/business-hours.ts';

describe('business hours', () => {
  test.each([
    // The same instant is open in one zone and closed in another.
    ['2026-11-20T09:00:00Z', 'Europe/Berlin', 'open', 'Fri 10:00'],
    ['2026-11-20T09:00:00Z', 'America/New_York', 'closed', 'Fri 04:00'],
    ['2026-11-20T09:00:00Z', 'Asia/Kolkata', 'open', 'Fri 14:30'],
    ['2026-11-20T09:00:00Z', 'Australia/Lord_Howe', 'closed', 'Fri 20:00'],
    ['2026-11-20T09:00:00Z', 'Pacific/Kiritimati', 'closed', 'Fri 23:00'],
    // The edges: 08:00 is in, 18:00 is out.
    ['2026-11-20T06:59:59.999Z', 'Europe/Berlin', 'closed', 'Fri 07:59'],
    ['2026-11-20T07:00:00.000Z', 'Europe/Berlin', 'open', 'Fri 08:00'],
    ['2026-11-20T16:59:59.999Z', 'Europe/Berlin', 'open', 'Fri 17:59'],
    ['2026-11-20T17:00:00.000Z', 'Europe/Berlin', 'closed', 'Fri 18:00'],
    // Weekends are closed all day; the local day counts, not the UTC day.
    ['2026-11-21T11:00:00Z', 'UTC', 'closed', 'Sat 11:00'],
    ['2026-11-22T11:00:00Z', 'UTC', 'closed', 'Sun 11:00'],
    ['2026-11-22T23:30:00Z', 'Asia/Tokyo', 'open', 'Mon 08:30'],
    ['2026-11-21T00:30:00Z', 'America/New_York', 'closed', 'Fri 19:30'],
    ['2026-11-20T00:00:00Z', 'UTC', 'closed', 'Fri 00:00'],
    // Daylight saving: 07:30 UTC is before eight in winter and after it in summer time.
    ['2026-03-27T06:30:00Z', 'Europe/Berlin', 'closed', 'Fri 07:30'],
    ['2026-03-30T06:30:00Z', 'Europe/Berlin', 'open', 'Mon 08:30'],
    ['2026-10-23T06:30:00Z', 'Europe/Berlin', 'open', 'Fri 08:30'],
    ['2026-10-26T06:30:00Z', 'Europe/Berlin', 'closed', 'Mon 07:30'],
    ['2026-03-06T12:30:00Z', 'America/New_York', 'closed', 'Fri 07:30'],
    ['2026-03-09T12:30:00Z', 'America/New_York', 'open', 'Mon 08:30'],
    // Lord Howe moves by half an hour.
    ['2026-04-02T21:15:00Z', 'Australia/Lord_Howe', 'open', 'Fri 08:15'],
    ['2026-04-05T21:15:00Z', 'Australia/Lord_Howe', 'closed', 'Mon 07:45'],
  ])('%s in %s is %s (%s)', (now, timeZone, status, local) => {
    expect(businessTime({ now, timeZone })).toMatchObject({ status, local });
  });

  test.each([
    ['2026-11-20T02:10:00Z', '08:00'],
    ['2026-11-19T19:00:00Z', 'Fri 08:00'],
    ['2026-11-20T19:00:00Z', 'Mon 08:00'],
    ['2026-11-21T02:00:00Z', 'Mon 08:00'],
    ['2026-11-22T02:00:00Z', 'Mon 08:00'],
    ['2026-11-23T02:00:00Z', '08:00'],
  ])('at %s the next hours begin at %s', (now, opensNext) => {
    expect(businessTime({ now, timeZone: 'Europe/Berlin' })).toMatchObject({ status: 'closed', opensNext });
  });

  test('without a zone, with one that does not exist or without a time nothing is known', () => {
    expect(businessTime({ now: '2026-11-20T09:00:00Z', timeZone: null }).status).toBe('unknown');
    expect(businessTime({ now: '2026-11-20T09:00:00Z', timeZone: 'Mars/Base' }).status).toBe('unknown');
    expect(businessTime({ now: 'yesterday', timeZone: 'UTC' }).status).toBe('unknown');
  });

  test('a zone is open 50 hours of every week', () => {
    const zone = fc.constantFrom('UTC', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe');
    fc.assert(
      fc.property(zone, fc.integer({ min: 0, max: 20 }), (timeZone, week) => {
        // Weeks of May to September: no zone here changes its clock then.
        const start = Date.UTC(2026, 4, 1) + week * 7 * 86_400_000;
        const halfHours = Array.from({ length: 7 * 48 }, (_, slot) =>
          new Date(start + slot * 1_800_000).toISOString(),
        );
        const open = halfHours.filter((now) => businessTime({ now, timeZone }).status === 'open');
        expect(open).toHaveLength(100);
      }),
      { numRuns: 12 },
    );
  });
});
