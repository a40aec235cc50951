import { recorded, replay } from '#platform/testing/histories';
import { processes } from './processes';

const versions = processes.map((process) => [process.name, process.version ?? 1, process] as const);
describe.each(versions)('the recorded histories of %s, version %d', (name, version, process) => {
  test('are decided by the code as they were', () => {
    for (const history of recorded(name, version)) expect(replay(process, history)).toEqual(history.steps);
  });
  test('notice a decision that is made otherwise', () => {
    const silent = { ...process, react: () => [] };
    expect(recorded(name, version).some((history) => JSON.stringify(replay(silent, history)) !== JSON.stringify(history.steps))).toBe(true);
  });
});
