import { stuck } from './health.controller';

test('views that are stuck for one reason are named together', () => {
  const moved = 'the log is not the one that was folded';
  const standing = [
    { view: 'lot-stock', why: moved },
    { view: 'order-board', why: '2 events parked' },
    { view: 'transfer', why: moved },
  ];
  expect(stuck(standing)).toBe(`Stuck: lot-stock, transfer (${moved}); order-board (2 events parked)`);
});
