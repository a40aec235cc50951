import fc from 'fast-check';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Scope } from './scope';
import { copyLine, decodeRow, encodeRow, shapeOf, tableSql, type AnyView } from './shape';

@Entity('sample_row')
class SampleRow {
  @PrimaryColumn('text') id: string;
  @Scope() @Column('text') facilityId: string;
  @Column({ type: 'text', nullable: true }) note: string | null;
  @Column('numeric') amount: string;
  @Column('integer') count: number;
  @Column('boolean') open: boolean;
  @Column({ type: 'timestamptz', nullable: true }) doneAt: string | null;
  @Column('jsonb') lines: object[];
  @Column('text', { array: true }) tags: string[];
  @Column('bigint') total: bigint;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}
const view = (row: unknown, name = 'sample-row') =>
  ({ name, version: 1, row, events: '*', keys: () => [], fold: () => undefined }) as unknown as AnyView;
const shape = shapeOf(view(SampleRow));
const row = {
  id: 'haifa.1',
  facilityId: 'haifa',
  note: null as string | null,
  amount: '1.50',
  count: 2,
  open: true,
  doneAt: null as string | null,
  lines: [{ a: 1 }],
  tags: ['x'],
  total: 2n ** 60n,
};
const again = (given: object) => decodeRow(shape, SampleRow, encodeRow(shape, given, 2n ** 62n + 1n, '2026-01-05T08:00:00.000Z'));

test('a written row is read back unchanged, with position and time of its event', () => {
  expect({ ...again(row) }).toEqual({ ...row, position: 2n ** 62n + 1n, recordedAt: '2026-01-05T08:00:00.000Z' });
  expect(again(row)).toBeInstanceOf(SampleRow);
});

test('an instant is stored in UTC, whatever its offset', () => {
  expect(again({ ...row, doneAt: '2026-01-05T10:00:00+02:00' }).doneAt).toBe('2026-01-05T08:00:00.000Z');
});

test('changing nested values in place does not change the stored row', () => {
  const tuple = encodeRow(shape, row, 1n, '2026-01-05T08:00:00.000Z');
  decodeRow(shape, SampleRow, tuple).lines.push({ b: 2 });
  expect(decodeRow(shape, SampleRow, tuple).lines).toEqual([{ a: 1 }]);
});

test.each([
  ['an empty cell that is required', { amount: undefined }],
  ['a NUL character', { facilityId: 'a\0b' }],
  ['NaN', { count: Number.NaN }],
  ['an invalid instant', { doneAt: 'yesterday' }],
  ['a position with a fraction', { total: 1.5 }],
])('refuses %s', (_, wrong) => {
  expect(() => again({ ...row, ...wrong })).toThrow();
});

test('a COPY line contains one row, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (note) => {
      fc.pre(!note.includes('\0'));
      const line = copyLine(shape, encodeRow(shape, { ...row, note }, 1n, '2026-01-05T08:00:00.000Z'));
      expect(line.split('\n')).toHaveLength(2);
      expect(line.split('\t')).toHaveLength(shape.columns.length);
    }),
  );
});

test('a list is written as an array literal', () => {
  const line = copyLine(shape, encodeRow(shape, { ...row, tags: ['a"b', 'c\\d', ''] }, 1n, '2026-01-05T08:00:00.000Z'));
  expect(line).toContain('{"a\\\\"b","c\\\\\\\\d",""}');
});

@Entity('other')
class Misnamed {
  @PrimaryColumn('text') id: string;
}
class NoEntity {}
@Entity('no_provenance')
class NoProvenance {
  @PrimaryColumn('text') id: string;
}
test.each([
  ['it has no @Entity', NoEntity, 'no-entity', /no @Entity/],
  ['its name differs from the view', Misnamed, 'misnamed', /must be named after it/],
  ['provenance is missing', NoProvenance, 'no-provenance', /position is missing/],
])('a class cannot be a row if %s', (_, type, name, why) => {
  expect(() => shapeOf(view(type, name))).toThrow(why);
});

test('tables are named by version and generation', () => {
  expect([tableSql('order-board', 3), tableSql('order-board', 3, 2)]).toEqual(['order_board_v3', 'order_board_v3_g2']);
});
