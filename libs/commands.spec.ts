import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '#kernel/decider';
import { type Event, type Metadata, upcast } from '#kernel/event';
import { Rejected } from '#kernel/rejected';
import { inputClassOf } from '#platform/commands/fields';
import { commandClasses, decisionOf, type AnyDecider } from '#platform/commands/registry';
import { slices } from './slices-under-test';

type Input = new () => object;
type Recording = Event & { metadata: Pick<Metadata, 'schema'> };
/** What a field's decorator tells OpenAPI. */
type Api = Readonly<{
  type?: unknown;
  enum?: readonly string[];
  isArray?: boolean;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  required?: boolean;
}>;

const libs = join(__dirname, '../../libs');
const ENVELOPE = ['commandId', 'occurredAt', 'reason', 'device', 'expectedRevision'];

/** The texts in the recordings of a slice, by the field that they stand in: commands made of these meet what was recorded. */
type Texts = Readonly<Record<string, readonly string[]>>;
const textsOf = (values: unknown, field = ''): [field: string, text: string][] =>
  typeof values === 'string'
    ? [[field, values]]
    : values && typeof values === 'object'
      ? Object.entries(values).flatMap(([key, value]) => textsOf(value, Array.isArray(values) ? field : key))
      : [];

const instants = fc.constantFrom(
  '2026-01-05T07:00:00.000Z',
  '2026-01-05T08:00:00.000Z',
  '2026-01-05T09:30:00+02:00',
  '1970-01-01T00:00:00Z',
);

/** Inputs of a class that pass its checks, drawn from its own declaration. */
function inputsOf(type: Input, texts: Texts): fc.Arbitrary<object> {
  const prototype = type.prototype as object;
  const names = (Reflect.getMetadata('swagger/apiModelPropertiesArray', prototype) as string[]).map((name) => name.slice(1));
  const fields = names
    .filter((name) => !ENVELOPE.includes(name))
    .map((name) => {
      const api = Reflect.getMetadata('swagger/apiModelProperties', prototype, name) as Api;
      const value = valuesOf(type, name, api, texts);
      return [name, api.required ? value : fc.option(value, { nil: undefined })] as const;
    });
  return fc.record(Object.fromEntries(fields));
}

function valuesOf(type: Input, name: string, api: Api, texts: Texts): fc.Arbitrary<unknown> {
  const inner = inputClassOf(type, name);
  const listed = api.isArray || Array.isArray(api.type);
  if (inner) return listed ? fc.array(inputsOf(inner, texts), { minLength: 1, maxLength: 3 }) : inputsOf(inner, texts);
  if (api.enum) return listed ? fc.uniqueArray(fc.constantFrom(...api.enum), { minLength: 1 }) : fc.constantFrom(...api.enum);
  if (api.type === 'integer') return fc.integer({ min: api.minimum, max: Math.min(api.maximum!, (api.minimum ?? 0) + 20) });
  if (api.type === Boolean) return fc.boolean();
  if (api.format === 'date-time') return instants;
  const pattern = new RegExp(api.pattern ?? '.');
  const fits = (text: string) => pattern.test(text) && text.length >= (api.minLength ?? 0);
  const sameField = (texts[name] ?? []).filter(fits);
  const any = [...Object.values(texts).flat(), 'x1', 'haifa.X1', '1', '12.5', 'kg'].filter(fits);
  const one = fc.oneof(
    ...[sameField, any]
      .filter((pool) => pool.length > 0)
      .map((pool, n) => ({ weight: n === 0 ? 8 : 2, arbitrary: fc.constantFrom(...pool) })),
    { weight: 1, arbitrary: fc.stringMatching(pattern) },
  );
  return listed ? fc.array(one, { minLength: 1, maxLength: 3 }) : one;
}

const commands = slices.flatMap(([decider, classes]) => commandClasses(classes).map(([name]) => [name, decider] as const));

test('all commands of all slices are looked at', () => {
  const folders = readdirSync(libs).filter((folder) => existsSync(join(libs, folder, `${folder}.commands.ts`)));
  expect(slices.map(([{ category }]) => category)).toEqual(folders);
  expect(commands.map(([name]) => name).sort()).toEqual(slices.flatMap(([{ decide }]) => Object.keys(decide)).sort());
});

/** Commands that were accepted at least once: a property that only ever meets refusals shows nothing. */
const accepted = new Set<string>();

/** What is decided: events, or the refusal. Anything else that it throws is a fault. */
function decided(decider: AnyDecider, name: string, command: object, state: unknown, context: Context): readonly Event[] | Rejected {
  try {
    return decisionOf(decider, name)(command, state, context);
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}

type Step = Readonly<{ name: string; command: object; occurredAt: string }> | Readonly<{ event: object }>;

describe.each(slices.map(([decider, classes]) => [decider.category, decider, classes] as const))(
  'the commands of %s',
  (category, decider, classes) => {
    const history = join(libs, category, 'history');
    const recorded = readdirSync(history).map((file) => {
      const { type, data, metadata } = JSON.parse(readFileSync(join(history, file), 'utf8')) as Recording;
      return { type, data: upcast(decider.upcasts, type, data, metadata.schema) };
    });
    const texts: Record<string, string[]> = {};
    for (const [field, text] of textsOf(recorded)) (texts[field] ??= []).push(text);
    const commandsOfSlice = commandClasses(classes).map(([name, type]) =>
      fc.record({
        name: fc.constant(name),
        command: inputsOf(type, texts).map((input) => Object.assign(new type(), input)),
        occurredAt: instants,
      }),
    );
    const steps: fc.Arbitrary<Step> = fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(...recorded).map((event) => ({ event })) },
      { weight: 4, arbitrary: fc.oneof(...commandsOfSlice) },
    );
    const fold = (state: unknown, events: readonly object[]): unknown => events.reduce((now, event) => decider.evolve(now, event), state);

    test('are decided or refused, never fail, and give nothing new when they come again at once', () => {
      fc.assert(
        fc.property(fc.array(steps, { maxLength: 60, size: 'max' }), (walk) => {
          let state: unknown = decider.initial;
          walk.forEach((step, index) => {
            if ('event' in step) return void (state = fold(state, [step.event]));
            const { name, command, occurredAt } = step;
            const context: Context = {
              now: '2026-01-05T10:00:00.000Z',
              occurredAt,
              actor: 'ann',
              role: 'operator',
              commandId: `c${index}`,
              digestOf,
            };
            const first = decided(decider, name, command, state, context);
            if (first instanceof Rejected) return;
            accepted.add(name);
            state = fold(state, first);
            const again = decided(decider, name, command, state, context);
            expect([name, again instanceof Rejected ? [] : again]).toEqual([name, []]);
          });
        }),
        { numRuns: 500, seed: 20260105 },
      );
    });
  },
);

test('nearly every command was accepted in some of these pasts', () => {
  const never = commands.map(([name]) => name).filter((name) => !accepted.has(name));
  expect({ never: never.length <= commands.length / 5 ? 'few' : never }).toEqual({ never: 'few' });
});
