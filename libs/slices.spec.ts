import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Event, type Metadata, schemaOf, upcast, type Upcasts } from '#kernel/event';
import { equipment } from '#equipment/equipment';
import { facility } from '#facility/facility';
import { fileImport } from '#import/import';
import { materialLot } from '#material-lot/material-lot';
import { productionOrder } from '#production-order/production-order';
import { cellsOf } from '#platform/views/cells';
import { views } from '#slices';
import { workOrder } from '#work-order/work-order';

type Recording = Event & { metadata: Pick<Metadata, 'schema'> };
type Slice = Readonly<{ category: string; initial: unknown; evolve: (state: never, event: never) => unknown; upcasts?: Upcasts }>;
const slices: readonly Slice[] = [facility, equipment, fileImport, materialLot, productionOrder, workOrder];
const source = join(__dirname, '../../libs');
const typesOf = (category: string): string[] =>
  [...readFileSync(join(source, category, `${category}.events.ts`), 'utf8').matchAll(/^export type \w+ = Event<\s*'(\w+)'/gm)].map(
    ([, type]) => type!,
  );
const OWNERS: Readonly<Record<string, string>> = {
  'equipment-now': 'equipment',
  'lot-stock': 'material-lot',
  'order-board': 'production-order',
  'work-order': 'work-order',
};

/** Views whose rows offer a revision for If-Match. Those of the audit trail and of processes offer one of another kind. */
const revised = views.filter(
  ({ name, row }) => name in OWNERS && cellsOf(row as new () => object).some((cell) => cell.name === 'revision'),
);

test('every view of a slice whose rows offer a revision is looked at', () => {
  expect(revised.map(({ name }) => name).sort()).toEqual(Object.keys(OWNERS).sort());
});

test.each(revised.map((view) => [view.name, view] as const))(
  'the view %s reads every event of the streams whose revision its rows offer',
  (_, view) => {
    const read = new Set(view.events as readonly string[]);
    expect(typesOf(OWNERS[view.name]!).filter((type) => !read.has(type))).toEqual([]);
  },
);

describe.each(slices.map((slice) => [slice.category, slice] as const))('the slice %s', (name, slice) => {
  const files = readdirSync(join(source, name, 'history'));
  const history = files.map((file) => [file, JSON.parse(readFileSync(join(source, name, 'history', file), 'utf8')) as Recording] as const);
  const types = typesOf(name);

  test('keeps a recording of every event type in every version', () => {
    const wanted = types.flatMap((type) =>
      Array.from({ length: schemaOf(slice.upcasts, type) }, (_, older) => `${type}.${older + 1}.json`),
    );
    expect(wanted.length).toBeGreaterThan(0);
    expect(files.sort()).toEqual(wanted.sort());
    for (const [file, { type, metadata }] of history) expect(`${type}.${metadata.schema}.json`).toBe(file);
  });

  test('folds every recording, from nothing and after every other one, and never throws', () => {
    const lifted = history.map(([, { type, data, metadata }]) => ({ type, data: upcast(slice.upcasts, type, data, metadata.schema) }));
    const fold = (...events: object[]) =>
      events.reduce<unknown>((state, event) => slice.evolve(state as never, event as never), slice.initial);
    expect(() => {
      for (const first of lifted) for (const second of lifted) for (const third of lifted) fold(first, second, third);
    }).not.toThrow();
  });
});
