import { recorded, replay } from '#platform/testing/histories';
import { processes } from './processes';

describe.each(processes.map((process) => [process.name, process] as const))('the recorded histories of %s', (name, process) => {
  test('are decided by the code as they were', () => {
    for (const history of recorded(name)) expect(replay(process, history)).toEqual(history.steps);
  });
  test('notice a decision that is made otherwise', () => {
    const silent = { ...process, react: () => [] };
    expect(recorded(name).some((history) => JSON.stringify(replay(silent, history)) !== JSON.stringify(history.steps))).toBe(true);
  });
});
