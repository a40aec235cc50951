import 'reflect-metadata';
import * as fc from 'fast-check';
import { InputType } from '@nestjs/graphql';
import { ValidateIf } from 'class-validator';
import { Command } from '#platform/commands/command';
import { Code, Flag, Id, Ids, Instant, ManyOf, Many, Nested, OneOf, Reason, Text, Texts, Whole } from '#platform/commands/fields';
import { InputPipe } from './input-pipe';
import { knownGood } from './known-good';

const Colour = { Red: 'Red', Blue: 'Blue' };

@InputType()
class Inner {
  @Id() readonly id: string;
  @Whole(0, 9, { optional: true }) readonly count?: number;
}

@InputType()
class Everything extends Command {
  @Id() readonly id: string;
  @Ids(2, { optional: true }) readonly ids?: string[];
  @Code({ optional: true }) readonly code?: string;
  @Text(1, 5) readonly text: string;
  @Texts(1, 3, 2, { optional: true }) readonly texts?: string[];
  @Whole(1, 9, { optional: true }) readonly whole?: number;
  @Flag({ optional: true }) readonly flag?: boolean;
  @OneOf(Colour, { optional: true }) readonly colour?: string;
  @ManyOf(Colour, { optional: true, min: 1 }) readonly colours?: string[];
  @Instant({ optional: true }) readonly at?: string;
  @Nested(() => Inner, { optional: true }) readonly inner?: Inner;
  @Many(() => Inner, 2, { optional: true }) readonly inners?: Inner[];
  @Reason() declare readonly reason: string;
}

@InputType()
class OnCondition extends Command {
  @ValidateIf(({ flag }: OnCondition) => flag === true)
  @Code()
  readonly code?: string;
  @Flag({ optional: true }) readonly flag?: boolean;
}

const pipe = new InputPipe();
const judged = async (type: new () => object, body: object): Promise<unknown> => {
  // Around what is checked here: as the pipe judges where it is not sure.
  const judge = Object.getPrototypeOf(InputPipe.prototype) as InputPipe;
  return judge.transform.call(pipe, structuredClone(body), { type: 'body', metatype: type }).catch(() => undefined);
};

const some = (...values: readonly unknown[]) => fc.constantFrom(...values);
const inner = fc.record({ id: some('haifa.M1', 'haifa', 7), count: some(0, 9, 10, '1', null), more: some(1) }, { requiredKeys: ['id'] });
const fields = {
  id: some('haifa.M1', 'haifa.M1', 'haifa', '', 7, ['haifa.M1'], {}),
  ids: some(['haifa.M1'], ['haifa.M1', 'lyon.M2'], [], ['haifa.M1', 'haifa.M2', 'haifa.M3'], ['x'], [['haifa.M1']], 'haifa.M1', [null]),
  code: some('c1', '', 'a b', 1),
  text: some('word', 'word', '', 'too long', 'a\u0000b', 1, null),
  texts: some(['a'], ['a', 'b', 'c'], ['long text'], [1], 'a'),
  whole: some(1, 9, 0, 10, 1.5, '1', NaN),
  flag: some(true, false, 'true', 1),
  colour: some('Red', 'Green', ['Red']),
  colours: some(['Red'], ['Red', 'Red'], [], ['Green'], 'Red'),
  at: some('2026-01-05T08:00:00+02:00', '2026-02-30T08:00:00Z', 'now', 1),
  inner: fc.oneof(inner, some('text', [], null)),
  inners: fc.oneof(fc.array(inner, { maxLength: 3 }), some({ id: 'haifa.M1' }, [[]], [null])),
  reason: some('because', '', undefined),
  commandId: some('7f3c3c8e-5d0b-4a3e-9c1f-2b6a1d4e8f90', 'x', 1),
  expectedRevision: some('7', '-1', 7),
  unknown: some(1),
  toString: some('x'),
};
const keys = Object.keys(fields) as (keyof typeof fields)[];

/** Values that pass: half of the bodies are made of them alone, so that enough inputs are known good whatever the seed. */
const passing: { [key in keyof typeof fields]?: unknown } = {
  id: 'haifa.M1',
  ids: ['haifa.M1', 'lyon.M2'],
  code: 'c1',
  text: 'word',
  texts: ['a'],
  whole: 9,
  flag: false,
  colour: 'Red',
  colours: ['Red'],
  at: '2026-01-05T08:00:00+02:00',
  inner: { id: 'haifa.M1', count: 9 },
  inners: [{ id: 'haifa.M1' }],
  reason: 'because',
  commandId: '7f3c3c8e-5d0b-4a3e-9c1f-2b6a1d4e8f90',
  expectedRevision: '7',
};

test('a known-good input equals the result of the pipe, and no input that the pipe refuses is known good', async () => {
  let good = 0;
  const body = fc
    .tuple(fc.subarray(keys, { minLength: 1 }), fc.boolean())
    .chain(([chosen, pass]) =>
      fc.record(
        Object.fromEntries(chosen.map((key) => [key, pass && Object.hasOwn(passing, key) ? fc.constant(passing[key]) : fields[key]])),
      ),
    )
    .map((made) => ({ id: 'haifa.M1', text: 'word', reason: 'because', ...made }));
  await fc.assert(
    fc.asyncProperty(body, async (plain) => {
      const made = knownGood(Everything, structuredClone(plain));
      if (made === undefined) return;
      good += 1;
      const wanted = await judged(Everything, plain);
      expect(made).toBeInstanceOf(Everything);
      expect(made).toEqual(wanted);
      expect(JSON.stringify(made)).toBe(JSON.stringify(wanted));
    }),
    { numRuns: 4_000 },
  );
  expect(good).toBeGreaterThan(100);
});

test('a valid body is known good, with nested objects as instances of their classes', () => {
  const made = knownGood(Everything, {
    id: 'haifa.M1',
    text: 'word',
    reason: 'because',
    inner: { id: 'haifa.M2' },
    inners: [{ id: 'haifa.M3', count: 1 }],
    ids: ['haifa.M4'],
  }) as Everything;
  expect(made.inner).toBeInstanceOf(Inner);
  expect(made.inners![0]).toBeInstanceOf(Inner);
});

test('only checks that a condition excludes are skipped', () => {
  expect(knownGood(OnCondition, { code: '', flag: false })).toBeDefined();
  expect(knownGood(OnCondition, { code: '', flag: true })).toBeUndefined();
});

test('inputs that are not commands are left to the pipe', () => expect(knownGood(Inner, { id: 'haifa.M1' })).toBeUndefined());
