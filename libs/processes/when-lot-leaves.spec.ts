import type { Recorded } from '#kernel/event';
import type { CommandRefused, Process } from '#kernel/process';
import { materialLot } from '#material-lot/material-lot';
import type { MaterialLotEvent } from '#material-lot/material-lot.events';
import { whenLotMergedAddToOther } from './when-lot-merged-add-to-other';
import { whenLotSplitCreateChild } from './when-lot-split-create-child';

const at = '2026-01-05T08:00:00.000Z';
const kg = (amount: string) => ({ amount, unit: 'kg' }) as const;
type Command = Readonly<{ type: string; data: Readonly<{ lotId: string }> }>;

type AnyProcess = Process<any, any, Command>;

/** The lots of a plant and the two processes between them, as the platform runs them: every event in, every command out, refusals back. */
function plant() {
  const streams = new Map<string, MaterialLotEvent[]>();
  const state = (lotId: string) => (streams.get(lotId) ?? []).reduce(materialLot.evolve, materialLot.initial);
  const instances = new Map<string, unknown>();
  function take(process: AnyProcess, id: string, input: object): void {
    const key = `${process.name}-${id}`;
    const next = process.evolve(instances.get(key) ?? process.initial, input as never) as unknown;
    instances.set(key, next);
    for (const reaction of process.react(next, input as never, at)) {
      if (!('send' in reaction)) continue;
      const { type, data } = reaction.send;
      const code = send(type, data);
      if (code)
        take(process, id, {
          type: 'CommandRefused',
          data: { command: type, code, message: 'refused', target: data.lotId },
        } satisfies CommandRefused);
    }
  }
  /** Decides and lets the processes react; the code of a refusal comes back. */
  function send(type: string, data: Readonly<{ lotId: string }>): string | undefined {
    const context = { now: at, occurredAt: at, actor: 'ann', role: 'operator', commandId: `${type}/${JSON.stringify(data)}` };
    let events: readonly MaterialLotEvent[];
    try {
      events = (materialLot.decide[type as 'MoveLot'] as (...input: unknown[]) => readonly MaterialLotEvent[])(
        data,
        state(data.lotId),
        context,
      );
    } catch (error) {
      return (error as { code: string }).code;
    }
    streams.set(data.lotId, [...(streams.get(data.lotId) ?? []), ...events]);
    for (const event of events)
      for (const process of [whenLotSplitCreateChild, whenLotMergedAddToOther] as unknown as AnyProcess[])
        if (process.events.includes(event.type))
          take(process, process.correlate({ ...event, metadata: { facility: 'haifa' } } as Recorded<MaterialLotEvent>)!, event);
    return undefined;
  }
  const onHand = (lotId: string) => {
    const lot = state(lotId);
    return lot.status === 'unknown' ? undefined : [lot.status, lot.onHand, lot.expiresAt];
  };
  const receive = (lotId: string, amount: string, more: object = {}) =>
    send('ReceiveLot', { lotId, materialId: 'steel', quantity: kg(amount), ...more } as never);
  return { send, onHand, receive, streams };
}
const A = 'haifa.A';
const B = 'haifa.B';

describe('a split', () => {
  test('leaves two lots that together hold what the one held', () => {
    const { send, onHand, receive } = plant();
    receive(A, '100', { expiresAt: '2026-03-01T00:00:00.000Z' });
    expect(send('SplitLot', { lotId: A, childLotId: B, quantity: kg('25') } as never)).toBeUndefined();
    expect([onHand(A), onHand(B)]).toEqual([
      ['in-stock', '75', '2026-03-01T00:00:00.000Z'],
      ['in-stock', '25', '2026-03-01T00:00:00.000Z'],
    ]);
  });
  test('goes back where the id of the new lot is taken', () => {
    const { send, onHand, receive, streams } = plant();
    receive(A, '100');
    receive(B, '7');
    send('SplitLot', { lotId: A, childLotId: B, quantity: kg('25') } as never);
    expect([onHand(A)?.[1], onHand(B)?.[1]]).toEqual(['100', '7']);
    expect(streams.get(A)!.at(-1)).toMatchObject({ type: 'LotSplitUndone', data: { reason: 'lot-exists: refused' } });
  });
  test('can be put back into the lot that it came from', () => {
    const { send, onHand, receive } = plant();
    receive(A, '100');
    send('SplitLot', { lotId: A, childLotId: B, quantity: kg('25') } as never);
    expect(send('MergeLot', { lotId: B, intoLotId: A } as never)).toBeUndefined();
    expect(onHand(A)?.[1]).toBe('100');
  });
});

describe('a merge', () => {
  test('leaves one lot that holds what the two held, and expires with the earlier', () => {
    const { send, onHand, receive } = plant();
    receive(A, '100', { expiresAt: '2026-03-01T00:00:00.000Z' });
    receive(B, '7');
    send('MergeLot', { lotId: A, intoLotId: B } as never);
    expect([onHand(A)?.slice(0, 2), onHand(B)]).toEqual([
      ['merged', '0'],
      ['in-stock', '107', '2026-03-01T00:00:00.000Z'],
    ]);
  });
  test.each([
    ['is unknown', () => undefined, 'material-lot-unknown'],
    ['is on hold', (all) => (all.receive(B, '7'), all.send('HoldLot', { lotId: B, holdId: 'H', reason: 'x' } as never)), 'lot-held'],
    ['is of another material', (all) => all.receive(B, '7', { materialId: 'brass' }), 'wrong-material'],
    ['has expired', (all) => all.receive(B, '7', { expiresAt: at }), 'lot-expired'],
  ] as [string, (all: ReturnType<typeof plant>) => unknown, string][])('goes back where the other lot %s', (_, prepare, code) => {
    const all = plant();
    all.receive(A, '100');
    prepare(all);
    const before = all.onHand(B);
    all.send('MergeLot', { lotId: A, intoLotId: B } as never);
    expect([all.onHand(A), all.onHand(B)]).toEqual([['in-stock', '100', null], before]);
    expect(all.streams.get(A)!.at(-1)).toMatchObject({ type: 'LotMergeUndone', data: { reason: `${code}: refused` } });
  });
});

test('a lot of another plant has no effect', () => {
  const split = { type: 'LotSplit', data: { lotId: A, childLotId: 'berlin.B' }, metadata: { facility: 'haifa' } };
  const merge = { type: 'LotMerged', data: { lotId: A, intoLotId: 'berlin.B' }, metadata: { facility: 'haifa' } };
  expect(whenLotSplitCreateChild.correlate(split as unknown as Recorded<never>)).toBeUndefined();
  expect(whenLotMergedAddToOther.correlate(merge as unknown as Recorded<never>)).toBeUndefined();
});
