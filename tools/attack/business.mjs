/** Business flow: repetitions, races, impossible sequences of steps. */
import { first, statuses, unless } from './target.mjs';

const kg = (amount) => ({ amount, unit: 'kg' });

export const checks = [
  [
    'C51',
    'one key 100 times concurrently',
    async (target) => {
      const body = { lotId: 'north.R1', materialId: 'steel', quantity: kg('5') };
      const answers = await Promise.all(
        Array.from({ length: 100 }, () =>
          target.post('/material-lot/receive-lot', body, target.tokens.operator, { 'idempotency-key': 'once' }),
        ),
      );
      const history = await target.get('/audit/history?entity=material-lot-north.R1', target.tokens.auditor);
      const receipts = new Set(answers.map(({ text }) => text));
      return first(
        unless(receipts.size === 1 && answers[0].status === 200, `${receipts.size} answers: ${[...receipts].slice(0, 2).join(' ')}`),
        unless(history.json.items.length === 1, `${history.json.items.length} events`),
      );
    },
  ],
  [
    'C52',
    'the same key with another body; hostile keys',
    async (target) => {
      const body = { lotId: 'north.R2', materialId: 'steel', quantity: kg('5') };
      const send = (more, key) =>
        target.post('/material-lot/receive-lot', { ...body, ...more }, target.tokens.operator, { 'idempotency-key': key });
      await send({}, 'k');
      return first(
        await statuses(409, [send({ quantity: kg('6') }, 'k')]),
        await statuses(400, [send({}, 'x'.repeat(10_000)), send({}, 'a b\tc')]),
      );
    },
  ],
  [
    'C53',
    'a command that is replayed after the state has moved on',
    async (target) => {
      const { operator } = target.tokens;
      const body = { lotId: 'north.R9', materialId: 'steel', quantity: kg('5') };
      const receive = () => target.post('/material-lot/receive-lot', body, operator, { 'idempotency-key': 'captured' });
      const before = await receive();
      const use = { lotId: 'north.R9', workOrderId: 'north.W1', quantity: kg('2'), consumptionId: 'c-replay' };
      await target.post('/material-lot/consume-lot', use, operator);
      const events = async () => (await target.get('/audit/history?entity=material-lot-north.R9', target.tokens.auditor)).json.items.length;
      const count = await events();
      const again = await receive();
      return first(
        unless(before.status === 200 && again.text === before.text, `first ${before.text}, then ${again.text}`),
        unless((await events()) === count, 'the replay was recorded as a new event'),
      );
    },
  ],
  [
    'C54',
    'stale and forged revisions',
    async (target) => {
      const abort = (revision) =>
        target.post('/equipment/abort-equipment', { equipmentId: 'south.M1', reason: 'drill' }, target.tokens.all, {
          'if-match': `"${revision}"`,
        });
      return statuses(412, [abort(999)]).then((fault) => fault ?? statuses(400, [abort('x'), abort(18_446_744_073_709_551_615n)]));
    },
  ],
  [
    'C55',
    '50 at once for the last kilogram',
    async (target) => {
      await target.post('/material-lot/receive-lot', { lotId: 'north.R3', materialId: 'steel', quantity: kg('1') }, target.tokens.operator);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          target.post(
            '/material-lot/consume-lot',
            { lotId: 'north.R3', workOrderId: 'north.W1', quantity: kg('1'), consumptionId: `c${n}` },
            target.tokens.operator,
          ),
        ),
      );
      const won = answers.filter(({ status }) => status === 200).length;
      return unless(
        won === 1 && answers.every(({ status }) => status < 500),
        `${won} of 50 got it; ${answers.map(({ status }) => status).join()}`,
      );
    },
  ],
  [
    'C56',
    'impossible amounts and times',
    async (target) => {
      const amounts = ['-1', '0', '1e3', '1.0000001', '9'.repeat(30), 'NaN', '', ' 1', '0x10'];
      const receive = (quantity, n, more = {}) =>
        target.post('/material-lot/receive-lot', { lotId: `north.X${n}`, materialId: 'steel', quantity, ...more }, target.tokens.operator);
      return first(
        await statuses(
          [400, 422],
          amounts.map((amount, n) => receive(kg(amount), n)),
        ),
        await statuses(
          [400, 422],
          [
            receive({ amount: '1', unit: 'furlong' }, 90),
            receive(kg('1'), 91, { occurredAt: '2026-02-30T00:00:00Z' }),
            receive(kg('1'), 92, { occurredAt: '9999-01-01T00:00:00Z' }),
            receive(kg('1'), 93, { occurredAt: '2026-01-01T00:00:00' }),
          ],
        ),
      );
    },
  ],
  ['C57', 'forged messages from the shop floor (MQTT, Sparkplug)', 'MQTT is not supported yet'],
];
