import { IdFilter, placesOf, STRETCH } from './id-filter';

const filterOf = (ids: number): IdFilter => {
  const filter = IdFilter.empty();
  for (let n = 0; n < ids; n += 1) filter.add(placesOf(`id-${n}`));
  return filter;
};

describe('a filter of command ids', () => {
  it.each([0, 1, 64, 700, 2_000, STRETCH])('is the same after either stored form, with %i ids', (ids) => {
    const filter = filterOf(ids);
    expect(IdFilter.of(filter.toString())).toEqual(IdFilter.of(filter.toShortString()));
    expect(IdFilter.of(filter.toShortString()).toString()).toBe(filter.toString());
  });

  it('is stored in little space while it holds few ids, and never in more than its whole form', () => {
    expect(filterOf(64).toShortString().length).toBeLessThan(filterOf(64).toString().length / 8);
    expect(filterOf(STRETCH).toShortString()).toBe(filterOf(STRETCH).toString());
  });

  it.each(['AAAA', `~${Buffer.from([0xff, 0xff, 0xff, 0x7f]).toString('base64')}`])('refuses %s', (text) => {
    expect(() => IdFilter.of(text)).toThrow('A stored filter');
  });

  it('knows every id, and few others', () => {
    const filter = filterOf(STRETCH);
    for (let n = 0; n < STRETCH; n += 1) expect(filter.mayHold(placesOf(`id-${n}`))).toBe(true);
    let others = 0;
    for (let n = 0; n < 20_000; n += 1) if (filter.mayHold(placesOf(`other-${n}`))) others += 1;
    expect(others).toBeLessThan(20);
  });
});
