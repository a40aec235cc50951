import { GraphQLError } from 'graphql';
import { StoreRefused, StoreUnavailable } from '#platform/store/event-store';
import { problemFrom } from './problem-filter';

test.each([
  ['access-denied', 503, 'event-store-access-denied'],
  ['too-large', 413, 'events-too-large'],
  ['stream-deleted', 410, 'stream-deleted'],
  ['bad-request', 400, 'not-storable'],
] as const)(
  'a refusal of the event store because of %s is a specific problem in REST and GraphQL, and says what to do',
  (reason, status, code) => {
    const refused = new StoreRefused(reason, 'The reason.');
    for (const error of [refused, new GraphQLError('x', { originalError: refused })]) {
      const problem = problemFrom(error);
      expect(problem).toMatchObject({ status, code });
      expect(problem.extra.whatToDo).toMatch(/\w/);
    }
  },
);

test('clients see neither the user nor the address of the event store', () => {
  const { message, extra } = problemFrom(
    new StoreRefused('access-denied', 'check the user and password in EVENTSTORE_URL esdb://10.0.0.1'),
  );
  expect(message + String(extra.whatToDo)).not.toMatch(/EVENTSTORE_URL|10\.0/);
});

test('if the store does not answer, the problem says that the outcome is unknown', () => {
  expect(problemFrom(new StoreUnavailable(new Error('x')))).toMatchObject({ status: 503, code: 'event-store-unavailable' });
});

test.each([
  ['event-store-full', new StoreUnavailable(new Error('The node cannot write: ENOSPC: no space left on device, write'))],
  ['database-full', Object.assign(new Error('could not extend file'), { code: '53100' })],
])('a full disk is %s, with what to do', (code, error) => {
  const problem = problemFrom(error);
  expect(problem).toMatchObject({ status: 507, code, extra: { retryAfterSeconds: 30, whatToDo: expect.stringMatching(/make room/) } });
});

test('an unexpected error becomes an internal error, without its text', () => {
  expect(problemFrom(new Error('secret'))).toMatchObject({
    status: 500,
    code: 'internal-error',
    message: expect.not.stringContaining('secret'),
  });
});
