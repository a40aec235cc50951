import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { standing } from '#manufacturing/holds';
import { holdsOf, type MaterialLot } from '#material-lot/lot';
import { materialLot } from '#material-lot/material-lot';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene, silenced } from '#platform/testing/interleavings';
import { whenLotHeldHoldWhatCameFromIt as pass } from './when-lot-held-hold-what-came-from-it';
import { whenLotMergedAddToOther as merge } from './when-lot-merged-add-to-other';
import { whenLotSplitCreateChild as split } from './when-lot-split-create-child';

const at = '2026-01-05T08:00:00.000Z';
const kg = (amount: string) => ({ amount, unit: 'kg' });
const ORIGIN = 'lyon.L1';
const HERE = 'haifa.lyon_L1';
const send = (type: string, lotId: string, data: object = {}): Act => ({ send: { type, data: { lotId, reason: 'so be it', ...data } } });
const stock = (lotId: string) => send('ReceiveLot', lotId, { materialId: 'steel', quantity: kg('10') });
const receive = (lotId: string, fromLotId: string, amount = '4', receiptId = 'R1') =>
  send('ReceiveLotFromTransfer', lotId, {
    transferId: `${fromLotId.split('.')[0]}.T1`,
    receiptId,
    fromLotId,
    materialId: 'steel',
    quantity: kg(amount),
  });
const hold = (lotId = ORIGIN, holdId = 'H1') => send('HoldLot', lotId, { holdId });
const release = (lotId = ORIGIN, holdId = 'H1') => send('ReleaseHold', lotId, { holdId });
const splitOff = send('SplitLot', HERE, { childLotId: 'haifa.P', quantity: kg('1') });
const mergeAway = send('MergeLot', HERE, { intoLotId: 'haifa.X' });

const heldIn = (lot: MaterialLot): string[] => (lot.status === 'unknown' ? [] : standing(holdsOf(lot)));
/** What came from a lot that is on hold is on hold; nothing is where that was released. `elsewhere`: lots that have some of it, if they have. */
const faultsOf =
  (elsewhere: readonly string[] = []) =>
  ({ state }: Ending): string[] => {
    const lot = (id: string): MaterialLot => state(materialLot, id);
    const wanted = heldIn(lot(ORIGIN)).map((holdId) => `${ORIGIN}:${holdId}`);
    return [HERE, ...elsewhere].flatMap((id) => {
      const there = lot(id);
      if (there.status === 'unknown') return [];
      // All that was merged into it came from elsewhere, unless its books say otherwise.
      const own = id === 'haifa.X' && !there.ancestors.includes(HERE) ? [] : wanted;
      const found = heldIn(there).filter((holdId) => holdId.startsWith('lyon.'));
      return found.join() === own.join() ? [] : [`${id} is held by ${found.join() || 'nothing'}, should be by ${own.join() || 'nothing'}`];
    });
  };

const scene = (parties: Scene['parties'], past: readonly Act[], elsewhere: readonly string[] = [], passing: unknown = pass): Scene => ({
  deciders: [materialLot],
  processes: [passing, split, merge] as Process<unknown, Event, unknown>[],
  now: at,
  past: [stock(ORIGIN), ...past],
  parties,
  faultsOf: faultsOf(elsewhere),
});

const arrived = receive(HERE, ORIGIN);
const scenes: Record<string, [Scene['parties'], readonly Act[], readonly string[]]> = {
  'it is held while it is on its way': [{ haifa: [arrived], lyon: [hold()] }, [], []],
  'it is held and released while it arrives in parts': [
    { haifa: [arrived, receive(HERE, ORIGIN, '2', 'R2')], lyon: [hold(), release()] },
    [],
    [],
  ],
  'it is held twice, and once released': [{ lyon: [hold(), release()], quality: [hold(ORIGIN, 'H2')] }, [arrived], []],
  'a part is split off there': [{ haifa: [splitOff], lyon: [hold(), release()] }, [arrived], ['haifa.P']],
  'it is held for good while a part is split off there': [{ haifa: [splitOff], lyon: [hold()] }, [arrived], ['haifa.P']],
  'it is held for good while it is merged into another lot there': [
    { haifa: [mergeAway], lyon: [hold()] },
    [stock('haifa.X'), arrived],
    ['haifa.X'],
  ],
  'it is merged into another lot there': [{ haifa: [mergeAway], lyon: [hold(), release()] }, [stock('haifa.X'), arrived], ['haifa.X']],
  'the lot that it is merged into is on hold': [
    { haifa: [mergeAway], quality: [hold('haifa.X')], lyon: [hold()] },
    [stock('haifa.X'), arrived],
    ['haifa.X'],
  ],
  'it is shipped on to a third plant': [{ oslo: [receive('oslo.A', HERE, '1')], lyon: [hold(), release()] }, [arrived], ['oslo.A']],
  'it comes back to the plant that it came from': [{ lyon: [receive('lyon.B', HERE, '1'), hold(), release()] }, [arrived], ['lyon.B']],
  'it comes back into the same lot': [{ carrier: [receive(ORIGIN, HERE, '1')], lyon: [hold(), release()] }, [arrived], []],
  'the other plant has a hold of its own under the same id': [{ lyon: [hold(), release()], haifa: [hold(HERE)] }, [arrived], []],
};

const met: History[] = [];
test.each(Object.entries(scenes))('%s: what came from it is on hold as long as it is', (_, [parties, past, elsewhere]) => {
  const found = interleave(scene(parties, past, elsewhere));
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test.each([
  ['HoldLot', 'it is held while it is on its way', 'is held by nothing'],
  ['ReleaseHold', 'it is held twice, and once released', 'is held by lyon.L1:H1'],
])('a process that does not send %s is detected', (silent, name, fault) => {
  const [parties, past, elsewhere] = scenes[name]!;
  expect(explained(interleave(scene(parties, past, elsewhere, silenced(pass, silent))))).toContain(fault);
});

test('a hold of people at the same plant does not reach parts that were split off before', () => {
  const parts = scene({ haifa: [hold(HERE)] }, [arrived, splitOff]);
  const faults = ({ state }: Ending) => heldIn(state(materialLot, 'haifa.P') as MaterialLot);
  expect(explained(interleave({ ...parts, faultsOf: faults }))).toBe('');
});

test('what another plant says of a lot that is not its own holds nothing', () => {
  const forged = { type: 'LotReceivedFromTransfer', data: { lotId: 'oslo.A', fromLotId: ORIGIN }, metadata: { facility: 'haifa' } };
  expect(pass.correlate(forged as never)).toBeUndefined();
});

test('the recorded histories show every kind of step', () => expect(unrecorded(pass.name, met)).toEqual([]));
