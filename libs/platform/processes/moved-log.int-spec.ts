import { KilnWorks, newKiln, until, whenKilnLitCheckIt, type KilnLit, type Out, type Watch } from '#platform/testing/kiln-under-test';
import type { Process } from '#kernel/process';

const lease = { ttlMs: 400, beatMs: 50 };
let works: KilnWorks;
const moved: KilnWorks[] = [];
beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
afterEach(async () => {
  for (const each of [works, ...moved]) await each.rest();
});
afterAll(async () => {
  for (const each of moved) await each.stop();
  await works.stop();
});
const move = async (from: KilnWorks): Promise<KilnWorks> => {
  const next = await from.move();
  moved.push(next);
  return next;
};

it('processes continue with a copied log and repeat nothing, although their tables are older, and keep working there', async () => {
  const [early, late, sealed] = [newKiln(), newKiln(), newKiln('-sealed')];
  works.run([whenKilnLitCheckIt(600_000)], { ownership: lease });
  for (const id of [early, late, sealed]) await works.order('LightKiln', id);
  for (let n = 0; n < 10; n++) for (const type of ['LightKiln', 'CoolKiln'] as const) await works.order(type, late);
  await until(async () => (await works.story(late)).length === 32, 'all inputs');
  await until(async () => (await works.story(sealed)).length === 3, 'the refusal');
  const before = await Promise.all([early, late, sealed].map((id) => works.story(id)));
  await works.rest();

  let there = works;
  for (let n = 0; n < 2; n++) {
    there = await move(there);
    there.run([whenKilnLitCheckIt(600_000)], { ownership: lease });
    const next = newKiln();
    await there.order('LightKiln', next);
    await until(async () => (await there.checks(next)) === 1, 'an input that came after the move');
    await there.order('LightKiln', early);
    before[0]!.push('KilnLit', 'accepted');
    await until(async () => (await there.story(early)).length === before[0]!.length, 'an instance that goes on');
    expect(await Promise.all([early, late, sealed].map((id) => there.story(id)))).toEqual(before);
    expect(await there.checks(early)).toBe(2 + n);
    await there.rest();
  }
}, 120_000);

it('an input of a type newly added to the process is not taken if the instance is already past it', async () => {
  const id = newKiln();
  const onlyLit = { ...whenKilnLitCheckIt(600_000), events: ['KilnLit'] } as unknown as Process<Watch, KilnLit, Out>;
  works.run([onlyLit], { ownership: lease });
  await works.order('CoolKiln', id);
  await works.order('LightKiln', id);
  await until(async () => (await works.story(id)).length === 2);
  await works.rest();
  const there = await move(works);
  there.run([whenKilnLitCheckIt(600_000)], { ownership: lease });
  await there.order('CoolKiln', id);
  await until(async () => (await there.story(id)).length === 3);
  expect(await there.story(id)).toEqual(['KilnLit', 'accepted', 'KilnCooled']);
}, 60_000);

it('a parked instance can be skipped past its input after the move', async () => {
  const id = newKiln();
  const sick = (broken: boolean) =>
    whenKilnLitCheckIt(
      600_000,
      broken
        ? {
            react: () => {
              throw new Error('sick');
            },
          }
        : {},
    );
  works.run([sick(true)], { ownership: lease, alarmAfter: 99 });
  await works.order('LightKiln', id);
  await until(async () => (await works.story(id)).includes('InstanceParked'));
  await works.rest();
  const there = await move(works);
  const [parked] = await there.steps(id);
  const { inputId } = (parked!.data as { on: { inputId: string } }).on;
  await there.store.append(`when-kiln-lit-check-it-${id}`, parked!.revision, [
    { type: 'InputSkipped', data: { reason: 'spec', inputId }, metadata: parked!.metadata },
  ]);
  there.run([sick(false)], { ownership: lease });
  await there.order('LightKiln', id);
  await until(async () => (await there.story(id)).length === 4);
  expect(await there.story(id)).toEqual(['InstanceParked', 'InputSkipped', 'KilnLit', 'accepted']);
}, 60_000);
