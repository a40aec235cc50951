import fc from 'fast-check';
import type { Event, Metadata, Recorded } from '#kernel/event';
import type { Rows, View } from '#kernel/view';
import { matching } from './audit.log';
import { auditTrail } from './audit-trail.view';
import { changesBetween, plain, type Change } from './changes';
import { commandLog } from './command-log.view';
import { entityOf } from './entity';
import { eventsAsOf, historyOf, newestOf, stateAfter } from './history';

const metadata: Metadata = {
  commandId: 'c1',
  command: 'FillBin',
  commandDigest: '',
  correlationId: 'r1',
  causationId: 'c1',
  actor: 'ann',
  role: 'operator',
  facility: 'haifa',
  occurredAt: '2026-01-05T10:00:00+02:00',
  clock: 'client',
  app: 'plantlog@1',
  schema: 1,
};
const at = (position: number, type: string, data: object, more: Partial<Metadata> = {}, stream = 'bin-haifa.B1'): Recorded =>
  ({
    id: `e${position}`,
    stream,
    revision: BigInt(position),
    position: BigInt(position * 100),
    type,
    data,
    recordedAt: new Date(Date.UTC(2026, 0, 5, 8, position)).toISOString(),
    metadata: { ...metadata, ...more },
  }) as Recorded;

type Bin = { pieces: number; label?: string; holds: string[] };
const bin = {
  initial: { pieces: 0, holds: [] } as Bin,
  evolve: (state: unknown, { type, data }: Event) => {
    const known = state as Bin;
    const said = data as Record<string, unknown>;
    if (type === 'BinFilled') return { ...known, pieces: known.pieces + (said.pieces as number) };
    if (type === 'BinLabelled') return { ...known, label: said.label };
    return { ...known, holds: [...known.holds, said.hold] };
  },
};

describe('changes', () => {
  it('have path, old and new value of each difference', () => {
    expect(changesBetween({ a: 1, b: { c: 'x', d: [1, 2] }, gone: true }, { a: 1, b: { c: 'y', d: [1, 3, 4] }, 'came in': null })).toEqual([
      { path: '$.b.c', old: 'x', new: 'y' },
      { path: '$.b.d[1]', old: 2, new: 3 },
      { path: '$.b.d[2]', new: 4 },
      { path: '$.gone', old: true },
      { path: "$['came in']", new: null },
    ]);
  });

  it('distinguish absent from empty, and a list from an object', () => {
    expect(changesBetween({ a: null }, {})).toEqual([{ path: '$.a', old: null }]);
    expect(changesBetween({ a: [] }, { a: {} })).toEqual([{ path: '$.a', old: [], new: {} }]);
    expect(changesBetween({}, JSON.parse('{"__proto__":1}'))).toEqual([{ path: '$.__proto__', new: 1 }]);
  });

  it('are empty exactly when states are equal, and transform one state into the other', () => {
    const state = fc.dictionary(
      fc.constantFrom('a', 'b', "c'd"),
      fc.oneof(fc.integer(), fc.string(), fc.array(fc.nat(3), { maxLength: 3 }), fc.dictionary(fc.constantFrom('x', 'y'), fc.boolean())),
    );
    fc.assert(
      fc.property(state, state, (before, after) => {
        const changes = changesBetween(before, after);
        expect(changes.length === 0).toBe(JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)));
        expect(sorted(applied(before, changes))).toEqual(sorted(after));
      }),
    );
  });

  it('turn maps, sets and bigints into plain JSON', () =>
    expect(plain({ m: new Map([['k', 1n]]), s: new Set(['x']), u: undefined })).toEqual({ m: { k: '1' }, s: ['x'] }));
});

describe('records linked by `before`', () => {
  const chain = (...told: string[]) => told.reduce<object | null>((before, text) => ({ told: text, before }), null);
  it('are a list, the oldest first', () => {
    expect(plain({ ledger: chain('a', 'b') })).toEqual({ ledger: [{ told: 'a' }, { told: 'b' }] });
    expect(changesBetween(plain({ ledger: chain('a') }), plain({ ledger: chain('a', 'b') }))).toEqual([
      { path: '$.ledger[1]', new: { told: 'b' } },
    ]);
  });
  it('can be very many', () => expect(plain(chain(...Array.from({ length: 50_000 }, String)))).toHaveLength(50_000));
});

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : value && typeof value === 'object'
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => [k, sorted(v)]),
        )
      : value;
/** Applies changes to a state. */
function applied(before: unknown, changes: readonly Change[]): unknown {
  const state = structuredClone(before) as Record<string, unknown>;
  // Later indexes of a list first, so that none shifts.
  for (const change of [...changes].reverse()) {
    const steps = [...change.path.matchAll(/\.(\w+)|\['((?:\\.|[^'])*)'\]|\[(\d+)\]/g)].map(
      ([, name, quoted, index]) => name ?? quoted?.replace(/\\(.)/g, '$1') ?? Number(index),
    );
    const last = steps.pop()!;
    const place = steps.reduce<any>((inner, step) => inner[step], state);
    if ('new' in change) place[last] = change.new;
    else if (Array.isArray(place)) place.splice(Number(last), 1);
    else delete place[last];
  }
  for (const value of Object.values(state))
    if (Array.isArray(value)) value.forEach((item, index) => item === undefined && value.splice(index, 1));
  return state;
}

describe('the history of an entity', () => {
  const events = [
    at(1, 'BinFilled', { pieces: 3 }),
    at(3, 'BinLabelled', { label: 'A' }, { reason: 'shift start', device: 'T7' }),
    at(4, 'BinFilled', { pieces: 2 }),
  ];
  const refusal = at(2, 'CommandRefused', { code: 'bin-too-full', message: 'No.' }, { actor: 'bob' }, 'refused-bin-haifa.B1');
  const late = at(9, 'CommandRefused', { code: 'bin-closed' });
  const idle = at(5, 'CommandUnchanged', { revision: '4', token: '400' });

  it('is the same page by page, and a page costs its own entries, however many follow', () => {
    const all = [...events, idle, late, refusal];
    const whole = historyOf(bin, all);
    for (const { position } of whole)
      for (const most of [1, 2, 9]) {
        const page = whole.filter((entry) => entry.position > position).slice(0, most);
        expect(historyOf(bin, all, position, most)).toEqual(page);
      }
    let folded = 0;
    const counting = { ...bin, evolve: (state: unknown, event: Event) => ((folded += 1), bin.evolve(state as never, event as never)) };
    const long = Array.from({ length: 1_000 }, (_, n) => at(n + 1, 'BinFilled', { pieces: 1 }));
    expect(historyOf(counting, long, -1n, 3)).toHaveLength(3);
    expect(folded).toBe(3);
  });

  it('is the same from the newest entry back, page by page', () => {
    const all = [...events, idle, late, refusal];
    const backwards = historyOf(bin, all).reverse();
    for (const most of [1, 2, 5, 6, 9]) {
      const seen: unknown[] = [];
      for (let before: bigint | undefined, older = true; older;) {
        const page = newestOf(bin, all, before, most);
        seen.push(...page.items);
        expect(page.items.length).toBeLessThanOrEqual(most);
        [older, before] = [page.older, page.items.at(-1)!.position];
      }
      expect(seen).toEqual(backwards);
    }
    expect(newestOf(bin, all, 100n, 5)).toEqual({ items: [], older: false });
  });

  it('shows who, what, when and why with old and new values, refusals included', () => {
    const history = historyOf(bin, [...events, idle, late, refusal]);
    expect(history.map(({ type, kind, changes }) => [type, kind, changes])).toEqual([
      ['BinFilled', 'event', [{ path: '$.pieces', old: 0, new: 3 }]],
      ['bin-too-full', 'refusal', []],
      ['BinLabelled', 'event', [{ path: '$.label', new: 'A' }]],
      ['BinFilled', 'event', [{ path: '$.pieces', old: 3, new: 5 }]],
      ['CommandUnchanged', 'unchanged', []],
      ['bin-closed', 'refusal', []],
    ]);
    expect(history[2]).toMatchObject({
      actor: 'ann',
      role: 'operator',
      device: 'T7',
      reason: 'shift start',
      occurredAt: '2026-01-05T08:00:00.000Z',
      clock: 'client',
      commandId: 'c1',
    });
    expect(history[1]).toMatchObject({ actor: 'bob', device: null, reason: null });
  });

  it('has the state of a full replay at every point', () => {
    const some = fc.array(fc.record({ pieces: fc.nat(9), minutes: fc.integer({ min: -60, max: 60 }) }), { maxLength: 12 });
    fc.assert(
      fc.property(some, fc.nat(12), (fills, cut) => {
        const past = fills.map(({ pieces, minutes }, index) =>
          at(index + 1, 'BinFilled', { pieces }, { occurredAt: new Date(Date.UTC(2026, 0, 5, 8, minutes)).toISOString() }),
        );
        const upTo = eventsAsOf(past, { position: BigInt(cut * 100) });
        expect(stateAfter(bin, upTo)).toEqual({ pieces: fills.slice(0, cut).reduce((sum, { pieces }) => sum + pieces, 0), holds: [] });
        expect(eventsAsOf(past, { recordedAt: new Date(Date.UTC(2026, 0, 5, 8, cut)).toISOString() })).toEqual(upTo);
        const noon = new Date(Date.UTC(2026, 0, 5, 8)).toISOString();
        const early = fills.filter(({ minutes }) => minutes <= 0).reduce((sum, { pieces }) => sum + pieces, 0);
        expect(stateAfter(bin, eventsAsOf(past, { occurredAt: noon }))).toMatchObject({ pieces: early });
        const both = eventsAsOf(past, { occurredAt: noon, position: BigInt(cut * 100) });
        expect(both).toEqual(eventsAsOf(upTo, { occurredAt: noon }));
        const changes = historyOf(bin, past).flatMap((entry) => entry.changes);
        expect(applied(bin.initial, changes.slice().reverse())).toEqual(stateAfter(bin, past));
      }),
    );
  });
});

describe('the raw log', () => {
  const events = [at(1, 'BinFilled', {}), at(2, 'BinCounted', {}), at(3, 'BatchBegun', {}, {}, 'kiln-haifa.K1')];
  const found = (filter: object) =>
    events.filter(matching({ actor: 'ann', roles: [], scopes: ['*'] }, filter)).map(({ position }) => `${position}`);
  it.each([
    [{ type: 'BinFilled' }, ['100']],
    [{ type: 'BinFilled,BatchBegun' }, ['100', '300']],
    [{ category: 'bin,kiln', type: 'BinCounted,BatchBegun' }, ['200', '300']],
    [{ category: 'kiln' }, ['300']],
  ])('is filtered by %j', (filter, positions) => expect(found(filter)).toEqual(positions));
});

describe('entities of streams', () => {
  it.each([
    ['work-order-haifa.Case-1', 'haifa', 'work-order', 'haifa.Case-1'],
    ['facility-haifa', 'haifa', 'facility', 'haifa'],
    ['refused-work-order-haifa.Case1', 'haifa', 'work-order', 'haifa.Case1'],
    ['when-equipment-aborts-hold-haifa.M4', 'haifa', 'when-equipment-aborts-hold', 'haifa.M4'],
    ['view-operations-enterprise', undefined, 'view-operations-enterprise', ''],
  ])('%s', (stream, facility, entityType, entityId) => expect(entityOf(stream, facility)).toEqual({ entityType, entityId }));
});

/** Folds a view in memory. */
function rowsOf<Row extends object>(view: View<Row>, key: keyof Row, ...events: Recorded[]): Row[] {
  const rows = new Map<string, Row>();
  for (const event of events) {
    const allowed = view.keys(event);
    const touch = (name: string) => expect(allowed).toContain(name);
    const access: Rows<Row> = {
      get: (name) => (touch(name), rows.get(name)),
      put: (row) => (touch(row[key] as string), void rows.set(row[key] as string, row)),
      remove: (name) => void rows.delete(name),
    };
    view.fold(access, event);
  }
  return [...rows.values()];
}

describe('the audit trail', () => {
  it('has one row for every event and every refusal', () => {
    const rows = rowsOf(
      auditTrail,
      'eventId',
      at(1, 'BinFilled', { pieces: 3 }, { reason: 'because' }),
      at(2, 'CommandRefused', { code: 'bin-too-full', command: 'FillBin' }, {}, 'refused-bin-haifa.B1'),
    );
    expect(rows).toMatchObject([
      {
        eventId: 'e1',
        entityType: 'bin',
        entityId: 'haifa.B1',
        facilityId: 'haifa',
        event: 'BinFilled',
        refusal: null,
        reason: 'because',
        fields: ['pieces'],
        occurredAt: '2026-01-05T08:00:00.000Z',
        occurredAtTold: '2026-01-05T10:00:00+02:00',
      },
      { eventId: 'e2', entityType: 'bin', entityId: 'haifa.B1', event: 'CommandRefused', refusal: 'bin-too-full' },
    ]);
  });

  it('accepts foreign events without our metadata', () => {
    const foreign = { ...at(1, 'Strange', {}, {}, 'odd'), metadata: {} } as unknown as Recorded;
    expect(rowsOf(auditTrail, 'eventId', foreign)).toMatchObject([{ facilityId: '', entityType: 'odd', actor: '' }]);
    expect(rowsOf(commandLog, 'entryId', foreign)).toEqual([]);
  });
});

describe('the command log', () => {
  it('has one row for a command, with all of its events, and one for each refusal', () => {
    const refused = (code: string, position: number) =>
      at(position, 'CommandRefused', { code, message: 'No.' }, { commandId: 'c2' }, 'refused-bin-haifa.B1');
    expect(
      rowsOf(commandLog, 'entryId', at(1, 'BinFilled', {}), at(2, 'BinLabelled', {}), refused('bin-too-full', 3), refused('bin-closed', 4)),
    ).toMatchObject([
      { commandId: 'c1', outcome: 'Accepted', code: null, events: ['BinFilled', 'BinLabelled'], position: 200n, entityId: 'haifa.B1' },
      { commandId: 'c2', outcome: 'Refused', code: 'bin-too-full', message: 'No.', events: [] },
      { commandId: 'c2', outcome: 'Refused', code: 'bin-closed' },
    ]);
  });

  it('distinguishes commands of two people with the same id, and shows which changed nothing', () => {
    const by = (actor: string, position: number, type: string) => at(position, type, {}, { actor });
    expect(
      rowsOf(commandLog, 'entryId', by('ann', 1, 'BinFilled'), by('ben', 2, 'BinFilled'), by('eve', 3, 'CommandUnchanged')),
    ).toMatchObject([
      { actor: 'ann', outcome: 'Accepted', events: ['BinFilled'] },
      { actor: 'ben', outcome: 'Accepted', events: ['BinFilled'] },
      { actor: 'eve', outcome: 'Unchanged', events: [] },
    ]);
  });
});
