import { PackmlInput, PackmlState } from './equipment.events';
import { isPassage, legalInputs, nextState } from './packml';

/** Written from the standard's state diagram, line by line, and not from the table under test: state, input, next. */
const legal2022 = `
Clearing SC Stopped
Clearing Abort Aborting
Stopped Reset Resetting
Stopped Abort Aborting
Starting SC Execute
Starting Stop Stopping
Starting Abort Aborting
Idle Start Starting
Idle Stop Stopping
Idle Abort Aborting
Suspended Unsuspend Unsuspending
Suspended Hold Holding
Suspended Complete Completing
Suspended Stop Stopping
Suspended Abort Aborting
Execute Hold Holding
Execute Suspend Suspending
Execute Complete Completing
Execute Stop Stopping
Execute Abort Aborting
Stopping SC Stopped
Stopping Abort Aborting
Aborting SC Aborted
Aborted Clear Clearing
Holding SC Held
Holding Stop Stopping
Holding Abort Aborting
Held Unhold Unholding
Held Complete Completing
Held Stop Stopping
Held Abort Aborting
Unholding SC Execute
Unholding Stop Stopping
Unholding Abort Aborting
Suspending SC Suspended
Suspending Stop Stopping
Suspending Abort Aborting
Unsuspending SC Execute
Unsuspending Stop Stopping
Unsuspending Abort Aborting
Resetting SC Idle
Resetting Stop Stopping
Resetting Abort Aborting
Completing SC Complete
Completing Stop Stopping
Completing Abort Aborting
Complete Reset Resetting
Complete Stop Stopping
Complete Abort Aborting`.trim();

const pairs = (text: string) =>
  new Map<string, string>(
    text.split('\n').map((line) => {
      const [state, input, next] = line.split(' ') as [string, string, string];
      return [`${state} ${input === 'SC' ? 'StateComplete' : input}`, next];
    }),
  );
const states = Object.values(PackmlState);
const inputs = Object.values(PackmlInput);

describe('PackML 2022', () => {
  const legal = pairs(legal2022);
  test('has 17 states, 11 inputs and 49 legal pairs: 10 SC, 15 Abort, 12 Stop, 12 others', () => {
    expect([states.length, inputs.length, legal.size]).toEqual([17, 11, 49]);
    const by = (input: string) => [...legal.keys()].filter((pair) => pair.endsWith(` ${input}`)).length;
    expect([by('StateComplete'), by('Abort'), by('Stop')]).toEqual([10, 15, 12]);
  });
  test.each(states.flatMap((state) => inputs.map((input) => [state, input] as const)))('%s, %s', (state, input) => {
    expect(nextState('PACKML_2022', state, input)).toBe(legal.get(`${state} ${input}`));
  });
});

describe('PackML 2015', () => {
  const legal = pairs(legal2022);
  for (const gone of ['Suspended Hold', 'Suspended Complete', 'Held Complete', 'Execute Complete']) legal.delete(gone);
  legal.set('Execute StateComplete', 'Completing');
  test.each(states.flatMap((state) => inputs.map((input) => [state, input] as const)))('%s, %s', (state, input) => {
    expect(nextState('PACKML_2015', state, input)).toBe(legal.get(`${state} ${input}`));
  });
});

describe('a mode that disables some states', () => {
  test('collapses a disabled acting state to the state it would complete into', () => {
    expect(nextState('PACKML_2022', 'Execute', 'Stop', ['Stopping'])).toBe('Stopped');
    expect(nextState('PACKML_2022', 'Idle', 'Start', ['Starting'])).toBe('Execute');
  });
  test('cannot enter a disabled waiting state, nor the acting state that is disabled with it', () => {
    expect(nextState('PACKML_2022', 'Execute', 'Hold', ['Holding', 'Held'])).toBeUndefined();
    expect(nextState('PACKML_2022', 'Completing', 'StateComplete', ['Complete'])).toBeUndefined();
  });
  test('does not offer what is not possible', () => {
    expect(legalInputs('PACKML_2022', 'Execute', ['Holding', 'Held', 'Suspending', 'Suspended'])).toEqual(['Complete', 'Stop', 'Abort']);
    expect(isPassage('PACKML_2022', 'Execute', 'Stopped', states, ['Stopping'])).toBe(true);
    expect(isPassage('PACKML_2022', 'Execute', 'Stopped', states)).toBe(false);
  });
});
