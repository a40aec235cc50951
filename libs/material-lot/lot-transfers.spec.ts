import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { genealogyEdge } from './genealogy-edge.view';
import { at, held, kg, lotId, merged, received } from './lot-pasts';
import { lotStock } from './lot-stock.view';
import { materialLot } from './material-lot';
import type { LotReceivedFromTransfer, MaterialLotEvent } from './material-lot.events';

const transferId = 'haifa.T1';
const reason = 'so it is';
const issue = { lotId, transferId, pick: 1, materialId: 'steel', quantity: kg('40') };
const issued: MaterialLotEvent = { type: 'LotIssuedToTransfer', data: { lotId, transferId, pick: 1, quantity: kg('40'), at } };
const back = (amount: string, left: string, backId = 'B1'): MaterialLotEvent => ({
  type: 'LotTakenBackFromTransfer',
  data: { lotId, transferId, pick: 1, backId, quantity: kg(amount), remaining: kg(left), reason, at },
});
const takeBack = { lotId, transferId, pick: 1, backId: 'B1', reason };

describe('what is picked for a transfer', () => {
  test('leaves the lot once', () => {
    given(materialLot, received()).when('IssueLotToTransfer', issue).then(issued);
    given(materialLot, received(), issued).when('IssueLotToTransfer', issue).changesNothing();
    given(materialLot, received(), issued)
      .when('IssueLotToTransfer', { ...issue, quantity: kg('5') })
      .rejects('id-taken');
  });
  test.each([
    ['of a lot on hold', [held], {}, 'lot-held'],
    ['of an expired lot', [received({ expiresAt: at })], {}, 'lot-expired'],
    ['beyond what is free', [], { quantity: kg('101') }, 'stock-insufficient'],
    ['of another material', [], { materialId: 'brass' }, 'wrong-material'],
    ['for another plant’s transfer', [], { transferId: 'lyon.T1' }, 'wrong-facility'],
  ] as const)('is not %s', (_, past, change, code) =>
    given(materialLot, received(), ...past)
      .when('IssueLotToTransfer', { ...issue, ...change })
      .rejects(code),
  );
  test('comes back in parts, and not more than was taken', () => {
    given(materialLot, received(), issued)
      .when('TakeBackFromTransfer', { ...takeBack, quantity: kg('15') })
      .then(back('15', '25'));
    given(materialLot, received(), issued, back('15', '25'))
      .when('TakeBackFromTransfer', { ...takeBack, backId: 'B2' })
      .then(back('25', '0', 'B2'));
    given(materialLot, received(), issued, back('15', '25'))
      .when('TakeBackFromTransfer', { ...takeBack, backId: 'B2', quantity: kg('26') })
      .rejects('take-back-exceeds-issue');
    given(materialLot, received(), issued, back('15', '25')).when('TakeBackFromTransfer', takeBack).changesNothing();
  });
  test('comes back to a lot whose rest was merged away, and not to one that gave nothing', () => {
    given(materialLot, received(), issued, merged({ quantity: kg('60') }))
      .when('TakeBackFromTransfer', takeBack)
      .then(back('40', '0'));
    given(materialLot, received()).when('TakeBackFromTransfer', takeBack).changesNothing();
    given(materialLot).when('TakeBackFromTransfer', takeBack).changesNothing();
  });
});

describe('what arrives from another plant', () => {
  const expiresAt = '2026-03-01T00:00:00.000Z';
  const from = { transferId: 'lyon.T1', receiptId: 'R1', fromLotId: 'lyon.L1', materialId: 'steel' };
  const receive = { lotId, ...from, quantity: kg('10'), expiresAt, ancestors: ['lyon.L0', 'lyon.L1'] };
  const arrived = (changes: Partial<LotReceivedFromTransfer['data']> = {}): LotReceivedFromTransfer => ({
    type: 'LotReceivedFromTransfer',
    data: { ...receive, at, ...changes },
  });
  test('creates a lot that knows where it comes from', () => {
    given(materialLot).when('ReceiveLotFromTransfer', receive).then(arrived());
    given(materialLot, arrived()).when('ReceiveLotFromTransfer', receive).changesNothing();
    const lot = [arrived()].reduce(materialLot.evolve, materialLot.initial);
    expect(materialLot.tells!(lot)).toEqual({ holds: [], expiresAt, ancestors: ['lyon.L0', 'lyon.L1'] });
  });
  test('adds to a lot of the same material, which keeps the earliest expiry', () => {
    given(materialLot, received()).when('ReceiveLotFromTransfer', receive).then(arrived({ expiresAt }));
    given(materialLot, received({ materialId: 'brass' }))
      .when('ReceiveLotFromTransfer', receive)
      .rejects('wrong-material');
    given(materialLot, received(), merged()).when('ReceiveLotFromTransfer', receive).rejects('lot-merged');
  });
  test('is a step of the genealogy from lot to lot', () => {
    const edges = folded(genealogyEdge, [`material-lot-${lotId}`, [arrived(), arrived({ receiptId: 'R2', fromLotId: null })]]);
    expect(Object.values(edges)).toMatchObject([
      { kind: 'Transfer', parentId: 'lyon.L1', childId: lotId, facilityId: 'haifa', amount: '10' },
    ]);
  });
});

test('the stock follows', () => {
  const stock = (...events: MaterialLotEvent[]) => folded(lotStock, [`material-lot-${lotId}`, events])[lotId];
  expect(stock(received(), issued)).toMatchObject({ onHand: '60' });
  expect(stock(received(), issued, back('15', '25'))).toMatchObject({ onHand: '75', available: '75' });
});

test('a lot tells when which holds stood', () => {
  const told = (...past: MaterialLotEvent[]) => materialLot.tells!(past.reduce(materialLot.evolve, materialLot.initial));
  expect(told(received(), held)).toEqual({ holds: [{ holdId: 'H1', from: at, until: null }], expiresAt: null, ancestors: [] });
  expect(told()).toBeNull();
});
