import { whenKilnLitCheckIt } from '#platform/testing/kiln-under-test';
import { replay, type Replayed } from './replay';

const at = '2026-01-05T08:00:00.000Z';
const metadata = { facility: 'haifa', correlationId: 'k' } as Replayed['metadata'];
const history: Replayed[] = [
  {
    type: 'StepTaken',
    metadata,
    data: {
      inputId: 'i1',
      input: { type: 'KilnLit', data: { kilnId: 'haifa.K1' } },
      at,
      sends: [{ commandId: 'c1', data: { kilnId: 'haifa.K1' }, type: 'CheckKiln' }],
      timers: [{ timer: 'second-look', dueAt: '2026-01-05T08:01:00.000Z' }],
      version: 1,
    },
  },
  {
    type: 'StepTaken',
    metadata,
    data: {
      inputId: 'i2',
      input: { type: 'KilnCooled', data: { kilnId: 'haifa.K1' } },
      at,
      sends: [],
      timers: [{ timer: 'second-look', dueAt: null }],
      version: 1,
    },
  },
];

test('a history that the current code would decide the same way has no deviations', () => {
  expect(replay(history, whenKilnLitCheckIt(60_000))).toEqual([]);
});
test('a deviation names the step, what was recorded and what would be decided now', () => {
  expect(replay(history, whenKilnLitCheckIt(30_000))).toMatchObject([
    { revision: 0n, input: 'KilnLit', decided: { timers: [{ dueAt: '2026-01-05T08:00:30.000Z' }] } },
  ]);
  const sick = whenKilnLitCheckIt(60_000, {
    react: () => {
      throw new Error('sick');
    },
  });
  expect(replay(history, sick)).toMatchObject([{ decided: { fault: expect.stringContaining('sick') } }, { revision: 1n }]);
});
