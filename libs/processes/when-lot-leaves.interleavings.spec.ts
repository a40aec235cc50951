import { minus, plus, sum } from '#manufacturing/quantity';
import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { materialLot } from '#material-lot/material-lot';
import type { MaterialLot } from '#material-lot/lot';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { whenLotMergedAddToOther as merge } from './when-lot-merged-add-to-other';
import { whenLotSplitCreateChild as split } from './when-lot-split-create-child';

const at = '2026-01-05T08:00:00.000Z';
const lots = ['haifa.A', 'haifa.B', 'haifa.C'];
const kg = (amount: string) => ({ amount, unit: 'kg' });
const send = (type: string, local: string, data: object = {}): Act => ({
  send: { type, data: { lotId: `haifa.${local}`, reason: 'so be it', ...data } },
});
const receive = (local: string, amount: string, more: object = {}) =>
  send('ReceiveLot', local, { materialId: 'steel', quantity: kg(amount), ...more });
const splitOff = (local: string, child: string, amount: string) =>
  send('SplitLot', local, { childLotId: `haifa.${child}`, quantity: kg(amount) });
const mergeInto = (local: string, other: string) => send('MergeLot', local, { intoLotId: `haifa.${other}` });
const hold = (local: string) => send('HoldLot', local, { holdId: 'H' });
const consume = (local: string, amount: string) => send('ConsumeLot', local, { workOrderId: 'haifa.W1', quantity: kg(amount) });

/** What came in less what was used. */
type Memory = Readonly<{ there: string }>;
function remember({ there }: Memory, { type, data }: Event): Memory {
  const { quantity } = data as { quantity?: { amount: string } };
  if (type === 'LotReceived') return { there: plus(there, quantity!.amount) };
  return type === 'LotConsumed' ? { there: minus(there, quantity!.amount) } : { there };
}

function faultsOf({ state, memory }: Ending): string[] {
  const books = lots.map((lotId): MaterialLot => state(materialLot, lotId));
  const onHand = books.map((lot) => (lot.status === 'unknown' ? '0' : lot.onHand));
  const { there } = memory as Memory;
  return [
    ...(sum(onHand) === there ? [] : [`${there} kg are there, the books say ${onHand.join(' + ')}`]),
    ...onHand.filter((amount) => amount.startsWith('-')).map((amount) => `${amount} kg on hand`),
    ...books.flatMap((lot, index) =>
      lot.status === 'merged' && onHand[index] !== '0' ? [`${lot.lotId} is merged and holds ${lot.onHand}`] : [],
    ),
  ];
}

const scene = (parties: Scene['parties'], past: readonly Act[], processes: readonly unknown[] = [split, merge]): Scene => ({
  deciders: [materialLot],
  processes: processes as Process<unknown, Event, unknown>[],
  now: at,
  past,
  parties,
  remember: remember as never,
  memory: { there: '0' } satisfies Memory,
  faultsOf,
});

const both = [receive('A', '100'), receive('B', '7')];
const scenes: Record<string, Scene> = {
  'the id of the part is taken meanwhile': scene({ one: [splitOff('A', 'C', '25')], two: [receive('C', '3')] }, both),
  'two lots are split into one id': scene({ one: [splitOff('A', 'C', '25')], two: [splitOff('B', 'C', '5')] }, both),
  'a split is told twice and tried again': scene(
    { one: [splitOff('A', 'C', '25'), splitOff('A', 'C', '25')], two: [receive('C', '3')], three: [splitOff('A', 'C', '10')] },
    both,
  ),
  'the rest is merged away while a part leaves': scene(
    { one: [splitOff('A', 'C', '25'), mergeInto('A', 'B')], two: [receive('C', '3')] },
    both,
  ),
  'the rest is merged away twice': scene(
    { one: [splitOff('A', 'C', '25'), mergeInto('A', 'B'), mergeInto('A', 'B')], two: [receive('C', '3')] },
    both,
  ),
  'a lot is merged into one that is put on hold': scene({ one: [mergeInto('A', 'B')], two: [hold('B'), consume('B', '2')] }, both),
  'two lots are merged into each other': scene({ one: [mergeInto('A', 'B')], two: [mergeInto('B', 'A')] }, both),
  'three lots are merged in a circle': scene({ one: [mergeInto('A', 'B')], two: [mergeInto('B', 'C')], three: [mergeInto('C', 'A')] }, [
    ...both,
    receive('C', '1'),
  ]),
  'a lot goes on while its content is on the way': scene(
    { one: [mergeInto('A', 'B')], two: [splitOff('B', 'C', '5'), consume('C', '1')] },
    both,
  ),
  'a merge that was taken back is tried again': scene(
    { one: [mergeInto('A', 'B'), mergeInto('A', 'B')], two: [hold('B'), send('ReleaseHold', 'B', { holdId: 'H' })] },
    both,
  ),
  'a lot is merged into one of another material': scene(
    { one: [mergeInto('A', 'C')], two: [receive('C', '3', { materialId: 'brass' }), consume('C', '1')] },
    both,
  ),
};

const met: History[] = [];
test.each(Object.entries(scenes))('%s: every order leaves the quantities balanced', (_, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

describe('a faulty process is detected', () => {
  test('one that takes nothing back', () => {
    const react: typeof split.react = (state, input, occurredAt) =>
      input.type === 'CommandRefused' ? [] : split.react(state, input, occurredAt);
    const found = interleave(scene({ one: [splitOff('A', 'C', '25')], two: [receive('C', '3')] }, both, [{ ...split, react }, merge]));
    expect(explained(found)).toContain('110 kg are there, the books say 75 + 7 + 3');
  });
  test('one whose compensation is refused', () => {
    const react: typeof split.react = (state, input, occurredAt) => split.react({ ...state, lotId: 'haifa.X' }, input, occurredAt);
    const found = interleave(scene({ one: [splitOff('A', 'C', '25')], two: [receive('C', '3')] }, both, [{ ...split, react }, merge]));
    expect(explained(found)).toContain('the compensation UndoSplit of haifa.X was refused: material-lot-unknown');
  });
});

test('the recorded histories show every kind of step', () => {
  for (const { name } of [split, merge]) expect(unrecorded(name, met)).toEqual([]);
});
