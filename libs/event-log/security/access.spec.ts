import type { Principal } from './access';
import { isAdmin, isOperator, mayUseStream, parseAcl, parseDefaultAcls } from './access';

const admin: Principal = { name: 'admin', groups: ['$admins'] };
const ops: Principal = { name: 'ops', groups: ['$ops'] };
const ada: Principal = { name: 'ada', groups: ['planners'] };
const may = (principal: Principal, stream: string, action: 'read' | 'write' | 'delete', own?: unknown, settings?: unknown) =>
  mayUseStream(principal, stream, action, parseAcl(own), parseDefaultAcls(settings));

describe('streams of users', () => {
  it.each(['read', 'write', 'delete'] as const)('are open to every user to %s', (action) => expect(may(ada, 'order-1', action)).toBe(true));
  it.each(['read', 'write', 'delete'] as const)('deny callers without credentials to %s', (action) =>
    expect(may(undefined, 'order-1', action)).toBe(false),
  );

  it('follow their own list by name and by group', () => {
    expect(may(ada, 'order-1', 'read', { $r: 'ada' })).toBe(true);
    expect(may(ada, 'order-1', 'read', { $r: ['planners'] })).toBe(true);
    expect(may(ada, 'order-1', 'read', { $r: ['grace'] })).toBe(false);
    expect(may(ada, 'order-1', 'read', { $r: [] })).toBe(false);
  });

  it('use the default list for actions that their own list does not name', () => {
    expect(may(ada, 'order-1', 'write', { $r: ['grace'] })).toBe(true);
    expect(may(ada, 'order-1', 'write', { $r: ['grace'] }, { $userStreamAcl: { $w: ['grace'] } })).toBe(false);
  });

  it('are always open to admins', () => expect(may(admin, 'order-1', 'write', { $w: ['grace'] })).toBe(true));
});

describe('system streams', () => {
  it('are open to admins only', () => {
    expect(may(admin, '$settings', 'read')).toBe(true);
    expect(may(ops, '$settings', 'read')).toBe(false);
    expect(may(ada, '$all', 'read')).toBe(false);
    expect(may(ada, '', 'read')).toBe(false);
  });

  it('can be opened by their own list and by default', () => {
    expect(may(ada, '$ce-order', 'read', { $r: ['$all'] })).toBe(true);
    expect(may(ada, '$ce-order', 'read', undefined, { $systemStreamAcl: { $r: ['ada'] } })).toBe(true);
  });

  it('$all is read-only, even for admins', () => {
    expect(may(admin, '$all', 'write')).toBe(false);
    expect(may(admin, '$all', 'delete')).toBe(false);
  });
});

describe('metadata streams', () => {
  it('follow the metadata rights of their stream', () => {
    expect(may(ada, '$$order-1', 'read', { $mr: ['grace'] })).toBe(false);
    expect(may(ada, '$$order-1', 'write', { $mr: ['grace'] })).toBe(true);
    expect(may(ada, '$$$settings', 'write')).toBe(false);
  });

  it('cannot be deleted', () => expect(may(admin, '$$order-1', 'delete')).toBe(false));
});

describe('lists', () => {
  it('ignore unknown entries', () => {
    expect(parseAcl({ $r: ['a', 7], chicken: ['b'], $w: 'c' })).toEqual({ write: ['c'] });
    expect(parseAcl('nonsense')).toBeUndefined();
    expect(parseDefaultAcls(null)).toEqual({});
  });
});

describe('groups', () => {
  it('define administrators and operators', () => {
    expect([isAdmin(admin), isAdmin(ops), isAdmin(undefined)]).toEqual([true, false, false]);
    expect([isOperator(admin), isOperator(ops), isOperator(ada), isOperator(undefined)]).toEqual([true, true, false, false]);
  });
});
