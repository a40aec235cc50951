import { digestOf } from '#platform/commands/digest';
import { given } from '#platform/testing/given';
import { materialLot } from './material-lot';
import type { MaterialLotEvent, MergedLotAdded } from './material-lot.events';
import { lotId, at, kg, received, reserved, consumed, held, split, merged, consume } from './lot-pasts';

describe('a split', () => {
  const ask = { lotId, childLotId: 'haifa.L2', quantity: kg('25') };
  test('takes a part out of the lot and records all that the new lot needs', () => {
    given(materialLot, received()).when('SplitLot', ask).then(split());
    given(materialLot, received(), split()).when('SplitLot', ask).changesNothing();
    given(materialLot, received(), split())
      .when('SplitLot', { ...ask, quantity: kg('26') })
      .rejects('id-taken');
    given(materialLot, received(), split()).when('ConsumeLot', consume('75.1')).rejects('stock-insufficient');
  });
  test('stays in the plant, takes free stock only, and makes no cycle', () => {
    given(materialLot, received())
      .when('SplitLot', { ...ask, childLotId: 'lyon.L2' })
      .rejects('wrong-facility');
    given(materialLot, received(), reserved())
      .when('SplitLot', { ...ask, quantity: kg('71') })
      .rejects('stock-insufficient');
    given(materialLot, received())
      .when('SplitLot', { ...ask, childLotId: lotId })
      .rejects('lot-cycle');
  });
  test('takes a new lot id, not that of a part that was merged back', () => {
    const back: MergedLotAdded = {
      type: 'MergedLotAdded',
      data: { lotId, fromLotId: 'haifa.L2', quantity: kg('25'), expiresAt: null, ancestors: [lotId, 'haifa.L2'], at },
    };
    given(materialLot, received(), split(), back).when('SplitLot', ask).rejects('lot-cycle');
    given(materialLot, received(), split(), back)
      .when('SplitLot', { ...ask, childLotId: 'haifa.L3' })
      .then(split({ childLotId: 'haifa.L3', ancestors: [...back.data.ancestors.slice(1), lotId] }));
  });
  const create = { lotId: 'haifa.L2', parentLotId: lotId, materialId: 'steel', quantity: kg('25'), ancestors: [lotId] };
  const created: MaterialLotEvent = { type: 'LotCreatedFromSplit', data: { ...create, expiresAt: null, locationId: null, at } };
  test('creates the new lot once', () => {
    given(materialLot).when('CreateLotFromSplit', create).then(created);
    given(materialLot, created).when('CreateLotFromSplit', create).changesNothing();
    given(materialLot, received({ lotId: 'haifa.L2' }))
      .when('CreateLotFromSplit', create)
      .rejects('lot-exists');
  });
  test('is undone once if the new lot could not be created', () => {
    const undone: MaterialLotEvent = {
      type: 'LotSplitUndone',
      data: { lotId, childLotId: 'haifa.L2', quantity: kg('25'), reason: 'lot-exists', at },
    };
    const undo = { lotId, childLotId: 'haifa.L2', reason: 'lot-exists' };
    given(materialLot, received(), split()).when('UndoSplit', undo).then(undone);
    given(materialLot, received(), split(), undone).when('UndoSplit', undo).changesNothing();
    given(materialLot, received(), split(), undone).when('ConsumeLot', consume('100')).then(consumed('100'));
    given(materialLot, received(), split(), merged({ quantity: kg('75') }))
      .when('UndoSplit', undo)
      .then(undone);
  });
});

describe('a merge', () => {
  test('takes the whole lot, which then no longer exists', () => {
    given(materialLot, received()).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).then(merged());
    given(materialLot, received(), merged()).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).changesNothing();
    given(materialLot, received(), merged()).when('MergeLot', { lotId, intoLotId: 'haifa.L8' }).rejects('lot-merged');
    given(materialLot, received(), merged()).when('ConsumeLot', consume('1')).rejects('lot-merged');
  });
  test('into the same lot happens once, even if an undone split left something to merge', () => {
    const undone: MaterialLotEvent = {
      type: 'LotSplitUndone',
      data: { lotId, childLotId: 'haifa.L2', quantity: kg('25'), reason: 'x', at },
    };
    const past = [received(), split(), merged({ quantity: kg('75') }), undone];
    given(materialLot, ...past)
      .when('MergeLot', { lotId, intoLotId: 'haifa.L9' })
      .rejects('lot-merged');
    given(materialLot, ...past)
      .when('MergeLot', { lotId, intoLotId: 'haifa.L8' })
      .then(merged({ intoLotId: 'haifa.L8', quantity: kg('25') }));
  });
  test('needs another lot, and one that is free and not empty; a part may go back to where it comes from', () => {
    given(materialLot, received(), reserved()).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).rejects('lot-reserved');
    given(materialLot, received(), consumed('100')).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).rejects('stock-insufficient');
    given(materialLot, received()).when('MergeLot', { lotId, intoLotId: lotId }).rejects('lot-cycle');
    given(materialLot, received()).when('MergeLot', { lotId, intoLotId: 'lyon.L9' }).rejects('wrong-facility');
    const child: MaterialLotEvent = {
      type: 'LotCreatedFromSplit',
      data: {
        lotId,
        parentLotId: 'haifa.P',
        materialId: 'steel',
        quantity: kg('5'),
        expiresAt: null,
        locationId: null,
        ancestors: ['haifa.G', 'haifa.P'],
        at,
      },
    };
    for (const intoLotId of ['haifa.P', 'haifa.G'])
      expect(
        materialLot.decide.MergeLot({ lotId, intoLotId }, materialLot.evolve(materialLot.initial, child), {
          now: at,
          occurredAt: at,
          actor: 'ann',
          role: 'operator',
          commandId: 'c',
          digestOf,
        }),
      ).toHaveLength(1);
  });
  const add = {
    lotId,
    fromLotId: 'haifa.L5',
    materialId: 'steel',
    quantity: { amount: '500', unit: 'g' as const },
    ancestors: ['haifa.L5'],
  };
  const added = (expiresAt: string | null = null): MaterialLotEvent => ({
    type: 'MergedLotAdded',
    data: { lotId, fromLotId: 'haifa.L5', quantity: kg('0.5'), expiresAt, ancestors: ['haifa.L5'], at },
  });
  test('adds to the other lot once; the earlier expiry applies', () => {
    given(materialLot, received()).when('AddMergedLot', add).then(added());
    given(materialLot, received(), added()).when('AddMergedLot', add).changesNothing();
    given(materialLot, received())
      .when('AddMergedLot', { ...add, expiresAt: '2026-02-01T00:00:00.000Z' })
      .then(added('2026-02-01T00:00:00.000Z'));
  });
  test('is refused by a lot of another material, on hold, expired, merged or unknown', () => {
    given(materialLot, received({ materialId: 'brass' }))
      .when('AddMergedLot', add)
      .rejects('wrong-material');
    given(materialLot, received(), held).when('AddMergedLot', add).rejects('lot-held');
    given(materialLot, received({ expiresAt: at }))
      .when('AddMergedLot', add)
      .rejects('lot-expired');
    given(materialLot, received(), merged()).when('AddMergedLot', add).rejects('lot-merged');
    given(materialLot).when('AddMergedLot', add).rejects('material-lot-unknown');
    given(materialLot, received({ quantity: { amount: '3', unit: 'pcs' } }))
      .when('AddMergedLot', add)
      .rejects('unit-incompatible');
  });
  test('is undone once if the other lot refuses', () => {
    const undone: MaterialLotEvent = {
      type: 'LotMergeUndone',
      data: { lotId, intoLotId: 'haifa.L9', quantity: kg('100'), reason: 'lot-held', at },
    };
    const undo = { lotId, intoLotId: 'haifa.L9', reason: 'lot-held' };
    given(materialLot, received(), merged()).when('UndoMerge', undo).then(undone);
    given(materialLot, received(), merged(), undone).when('UndoMerge', undo).changesNothing();
    given(materialLot, received(), merged(), undone).when('ConsumeLot', consume('40')).then(consumed());
  });
});
