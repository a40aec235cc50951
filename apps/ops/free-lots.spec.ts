import { freeLots, type LotRow } from './free-lots';

const AT = '2026-01-05T08:00:00Z';
const lot = (lotId: string, available: string, more: Partial<LotRow> = {}): LotRow => ({
  ...{ lotId: `lyon.${lotId}`, facilityId: 'lyon', materialId: 'steel', status: 'Available', available, unit: 'kg', expiresAt: null },
  ...more,
});

test('lots with something free are listed by plant and material', () => {
  const lots = [lot('A', '2.5'), lot('B', '1', { expiresAt: '2026-02-01T00:00:00Z' }), lot('C', '4', { facilityId: 'haifa' })];
  expect(freeLots(lots, AT)).toEqual({
    'lyon.steel': [
      { lotId: 'lyon.A', quantity: '2.5', unit: 'kg', expiresAt: null },
      { lotId: 'lyon.B', quantity: '1', unit: 'kg', expiresAt: '2026-02-01T00:00:00Z' },
    ],
    'haifa.steel': [{ lotId: 'lyon.C', quantity: '4', unit: 'kg', expiresAt: null }],
  });
});

test.each([
  ['on hold', { status: 'Held' }],
  ['expired', { expiresAt: '2026-01-05T08:00:00Z' }],
  ['short of what was taken from it', { available: '-1' }],
])('a lot that is %s gives nothing, and limits its plant', (_, more) =>
  expect(freeLots([lot('A', '2', more)], AT)).toEqual({ 'lyon.steel': [] }),
);

test('a material in units that cannot be added up is refused, with both lots', () => {
  expect(freeLots([lot('A', '2'), lot('B', '500', { unit: 'g' })], AT)['lyon.steel']).toMatchObject([{ unit: 'kg' }, { unit: 'g' }]);
  expect(() => freeLots([lot('A', '2'), lot('B', '500', { unit: 'l' })], AT)).toThrow(
    'lyon keeps steel in kg (lyon.A) and in l (lyon.B), which cannot be added up. Keep it in one unit, name the unit in the work master, or plan with --ignore-stock.',
  );
  expect(() => freeLots([lot('A', '2'), lot('B', '500', { unit: 'g' })], AT, new Set(['steel']))).toThrow(
    'which cannot be added up where a work master does not say in which unit it counts. Keep it in one unit,',
  );
});
