import { NOT_EMPTY, noDemoBecause } from '../demo-place';

describe('a demo enterprise', () => {
  it('is never written into an external event store, even an empty one', () => {
    for (const wasEmpty of [true, false])
      for (const begun of [true, false])
        expect(noDemoBecause({ external: true, wasEmpty, begun })).toBe('the event store at EVENTSTORE_URL is not embedded.');
  });

  it('is written into an embedded store only if that was empty, or holds the beginning of the demo', () => {
    expect(noDemoBecause({ external: false, wasEmpty: true, begun: false })).toBeUndefined();
    expect(noDemoBecause({ external: false, wasEmpty: false, begun: true })).toBeUndefined();
    expect(noDemoBecause({ external: false, wasEmpty: false, begun: false })).toBe(NOT_EMPTY);
  });
});
