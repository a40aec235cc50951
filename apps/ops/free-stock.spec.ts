import { freeStock, type LotRow } from './free-stock';

const AT = '2026-01-05T08:00:00Z';
const lot = (lotId: string, available: string, more: Partial<LotRow> = {}): LotRow => ({
  ...{ lotId: `lyon.${lotId}`, facilityId: 'lyon', materialId: 'steel', status: 'Available', available, unit: 'kg', expiresAt: null },
  ...more,
});

test('what lots have free is added up by plant and material', () => {
  const lots = [lot('A', '2.5'), lot('B', '1', { expiresAt: '2026-02-01T00:00:00Z' }), lot('C', '4', { facilityId: 'haifa' })];
  expect(freeStock(lots, AT)).toEqual({ 'lyon.steel': '3.5', 'haifa.steel': '4' });
});

test.each([
  ['on hold', { status: 'Held' }],
  ['expired', { expiresAt: '2026-01-05T08:00:00Z' }],
  ['short of what was taken from it', { available: '-1' }],
])('a lot that is %s gives nothing, and limits its plant', (_, more) =>
  expect(freeStock([lot('A', '2', more)], AT)).toEqual({ 'lyon.steel': '0' }),
);

test('a material in several units is refused, with both lots', () => {
  expect(() => freeStock([lot('A', '2'), lot('B', '500', { unit: 'g' })], AT)).toThrow(
    'lyon keeps steel in kg (lyon.A) and in g (lyon.B), which cannot be added up. Keep it in one unit, or plan with --ignore-stock.',
  );
});
