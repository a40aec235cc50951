import { schemaOf, upcast, type Upcasts } from './event';

const upcasts: Upcasts = {
  Weighed: [(v1: { kg: number }) => ({ grams: v1.kg * 1_000 }), (v2: { grams: number }) => ({ amount: String(v2.grams), unit: 'g' })],
};

describe('older shapes of an event', () => {
  it('are upcast step by step to the current one', () => {
    expect(schemaOf(upcasts, 'Weighed')).toBe(3);
    expect(upcast(upcasts, 'Weighed', { kg: 2 }, 1)).toEqual({ amount: '2000', unit: 'g' });
    expect(upcast(upcasts, 'Weighed', { grams: 2 }, 2)).toEqual({ amount: '2', unit: 'g' });
    expect(upcast(upcasts, 'Weighed', { amount: '2', unit: 'g' }, 3)).toEqual({ amount: '2', unit: 'g' });
  });

  it.each(['Counted', 'constructor', 'toString', '__proto__', 'valueOf'])('of type %s, which has no upcasts, stay unchanged', (type) => {
    expect(schemaOf(upcasts, type)).toBe(1);
    expect(upcast(upcasts, type, { n: 1 }, 1)).toEqual({ n: 1 });
  });
});
