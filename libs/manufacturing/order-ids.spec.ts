import { QUALIFIED_ID } from '#kernel/identity';
import {
  decisionIdOf,
  legIdOf,
  MAX_CUSTOMER_ORDER_ID,
  MOST_TRANSFERS,
  planIdOf,
  readDecisionId,
  readLegId,
  readTransferId,
  transferIdOf,
} from './order-ids';

describe('ids around a customer order', () => {
  test('carry the order, and are read back', () => {
    expect(legIdOf('corp.CO-1', 2, 'lyon')).toBe('lyon.L2_corp_CO-1');
    expect(transferIdOf('corp.CO-1', 2, 'lyon')).toBe('lyon.T2_corp_CO-1');
    expect(transferIdOf('corp.CO-1', 2, 'lyon', 3)).toBe('lyon.T2-3_corp_CO-1');
    expect(planIdOf('corp.CO-1', 3)).toBe('corp.CO-1-P3');
    expect(decisionIdOf('corp.CO-1', 'ask')).toBe('corp.CO-1-ask');
    for (const id of ['corp.CO-1', 'corp.CO_1', 'a.b', 'corp.CO-1-P2', 'corp.x_y_z']) {
      expect(readLegId(legIdOf(id, 12, 'lyon'))).toEqual({ plant: 'lyon', n: 12, customerOrderId: id });
      for (const attempt of [1, 2, MOST_TRANSFERS])
        expect(readTransferId(transferIdOf(id, 12, 'lyon', attempt))).toEqual({ plant: 'lyon', n: 12, attempt, customerOrderId: id });
      expect(readDecisionId(decisionIdOf(id, 'D3'))).toEqual({ code: 'D3', customerOrderId: id });
    }
  });
  test.each([
    'lyon.WO-1',
    'lyon.L0_corp_CO-1',
    'lyon.L1_corp',
    'lyon.L1corp_CO-1',
    'lyon.L1-2_corp_CO-1',
    'lyon.T1_corp_CO-1',
    'corp.CO-1',
    '',
  ])('are not any id: %s names no leg', (id) => expect(readLegId(id)).toBeUndefined());
  test('of a leg do not pass for one of a transfer', () => expect(readTransferId('lyon.L1_corp_CO-1')).toBeUndefined());
  test('are ids for the longest order', () => {
    const longest = `corp.${'x'.repeat(MAX_CUSTOMER_ORDER_ID - 5)}`;
    for (const id of [
      legIdOf(longest, 99, 'lyon'),
      transferIdOf(longest, 9_999, 'lyon', MOST_TRANSFERS),
      planIdOf(longest, 99),
      decisionIdOf(longest, 'ask-99'),
    ])
      expect(id).toMatch(QUALIFIED_ID);
  });
});
