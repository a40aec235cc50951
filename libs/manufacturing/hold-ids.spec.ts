import { isPassedOn, passedOn } from './hold-ids';

const CODE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

test('a hold that is passed on names the lot that it comes from, and keeps its id from then on', () => {
  expect(passedOn('lyon.L1', 'H1')).toBe('lyon.L1:H1');
  expect(passedOn('haifa.lyon_L1', 'lyon.L1:H1')).toBe('lyon.L1:H1');
  expect(passedOn('lyon.L1', 'audit:7')).toBe('lyon.L1:audit:7');
});

test('what people name a hold is none that is passed on', () => {
  for (const id of ['H1', 'NC-17', 'audit:7', 'a.b', 'lyon.L1', 'Lyon.L1:H1']) expect(isPassedOn(id)).toBe(false);
  expect(isPassedOn('lyon.L1:H1')).toBe(true);
});

test('long ids stay codes, stay apart and are passed on as they are', () => {
  const [lot, hold] = [`lyon.${'L'.repeat(64)}`, 'H'.repeat(63)];
  const ids = ['1', '2'].map((last) => passedOn(lot, hold + last));
  expect(new Set(ids).size).toBe(2);
  expect(passedOn(`${lot.slice(0, -1)}M`, `${hold}1`)).not.toBe(ids[0]);
  for (const id of ids) {
    expect(id).toMatch(CODE);
    expect(passedOn('haifa.L1', id)).toBe(id);
  }
});
