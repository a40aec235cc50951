import * as fc from 'fast-check';
import { plus, sum } from './quantity';
import { arrived, cameBack, inTransit, lost, type ShipmentBooks, shippedBooks } from './shipment';

type Told = readonly ['receipt', string, string, boolean] | readonly ['loss' | 'return', string];
const book = (books: ShipmentBooks, told: Told): ShipmentBooks =>
  told[0] === 'receipt' ? arrived(books, told[1], told[2], told[3]) : told[0] === 'loss' ? lost(books, told[1]) : cameBack(books, told[1]);
const all = (told: readonly Told[]): ShipmentBooks => told.reduce(book, shippedBooks('10'));

const amount = fc.nat({ max: 6 }).map(String);
const receipts = fc.array(fc.tuple(fc.constant('receipt' as const), amount, amount, fc.boolean()), { maxLength: 4 });
const others = fc.array(fc.tuple(fc.constantFrom('loss' as const, 'return' as const), amount), { maxLength: 4 });

test('the parts add up to what was shipped after every booking (I18)', () => {
  fc.assert(
    fc.property(receipts, others, (one, two) => {
      const books = all([...one, ...two]);
      const { received, short, damaged, lost: missing, returned, over } = books;
      const parts = [received, short, damaged, missing, returned, inTransit(books)];
      expect(sum(parts)).toBe(plus('10', over));
      expect([...parts, over].filter((part) => part.startsWith('-'))).toEqual([]);
    }),
  );
});

test('both plants come to the same books, in whatever order they learn of what the other one does', () => {
  fc.assert(
    fc.property(receipts, others, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (one, two, first) => {
      const [a, b] = [[...one], [...two]] as [Told[], Told[]];
      const mixed = first.flatMap((takesOne) => (takesOne ? a : b).splice(0, 1));
      expect(all([...mixed, ...a, ...b])).toEqual(all([...one, ...two]));
    }),
  );
});
