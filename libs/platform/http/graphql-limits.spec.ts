import { buildSchema, getIntrospectionQuery, parse } from 'graphql';
import { LIMITS, requestsIn, tooLong, tooMuch } from './graphql-limits';

const schema = buildSchema(`
  type Query { me: Me!, orders(first: Int = 50): Page!, trace(input: Asked): Page! }
  type Me { actor: String!, me: Me! }
  type Page { items: [Order!]! }
  type Order { id: ID!, legs: [Leg!]! }
  type Leg { id: ID!, good: String!, scrap: String! }
  input Asked { first: Int, from: ID }
`);
const times = (count: number, make: (n: number) => string) => Array.from({ length: count }, (_, n) => make(n)).join(' ');
const limits = (query: string, variables: Record<string, unknown> = {}) =>
  tooMuch(schema, parse(query), variables, false).map(({ extensions }) => extensions.limit);
const lists = (argument: string) => `{ ${times(5, (n) => `a${n}: orders(${argument}) { items { id } }`)} }`;

describe('the limits of GraphQL documents', () => {
  it('let a normal query through', () => {
    expect(limits('query ($n: Int) { me { actor } orders(first: $n) { items { id legs { id good scrap } } } }', { n: 500 })).toEqual([]);
  });
  it('count characters, of which white space, comments and block strings may have many in few tokens', () => {
    expect(tooLong(' '.repeat(LIMITS.characters))).toEqual([]);
    expect(tooLong(' '.repeat(LIMITS.characters + 1)).map(({ extensions }) => extensions.limit)).toEqual(['characters']);
  });
  it('count repeated fields and repeated fragments', () => {
    expect(limits(`{ me { ${'actor '.repeat(LIMITS.repeats + 2)} } }`)).toEqual(['repeats']);
    expect(limits(`{ ${'...f '.repeat(LIMITS.repeats + 1)} } fragment f on Query { me { actor } }`)).toContain('repeats');
  });
  it('count rows however they are given: by a literal, a variable, its default, within an input', () => {
    const cost = ['cost'];
    expect(limits(lists('first: 50'))).toEqual([]);
    expect(limits(lists('first: 5000'))).toEqual(cost);
    expect(limits(`query ($n: Int) ${lists('first: $n')}`, { n: 5_000 })).toEqual(cost);
    expect(limits(`query ($n: Int = 5000) ${lists('first: $n')}`)).toEqual(cost);
    expect(limits('{ trace(input: { first: 20000 }) { items { id } } }')).toEqual(cost);
    expect(limits('query ($in: Asked) { trace(input: $in) { items { id } } }', { in: { first: 20_000 } })).toEqual(cost);
  });
  it('count a list without pages as ten items', () => {
    const legs = (first: number) => `{ orders(first: ${first}) { items { legs { id good scrap } } } }`;
    expect(limits(legs(500))).toEqual([]);
    expect(limits(legs(700))).toEqual(['cost']);
  });
  it('terminate on fragment cycles and fragment bombs, and count many operations', () => {
    expect(limits('{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }')).toEqual([]);
    const bomb = times(30, (n) => `fragment f${n} on Query { ...f${n + 1} ...f${n + 1} }`);
    expect(limits(`{ ...f0 } ${bomb} fragment f30 on Query { me { actor } }`)).toContain('cost');
    expect(limits(times(LIMITS.operations + 1, (n) => `query q${n} { me { actor } }`))).toEqual(['operations']);
  });

  it('count introspection, where it is open: once is half of what a document may cost, and twenty requests', () => {
    const introspected = (query: string) => tooMuch(schema, parse(query), {}, true).map(({ extensions }) => extensions.limit);
    expect(introspected(getIntrospectionQuery())).toEqual([]);
    expect(introspected('{ me { __typename actor } __type(name: "Me") { name fields { name } } }')).toEqual([]);
    const all = 'fragment F on __Type { name fields { name args { name type { name ofType { name } } } type { name ofType { name } } } }';
    const wide = (count: number) => `{ __schema { ${times(count, (n) => `a${n}: types { ...F }`)} } } ${all}`;
    expect(introspected(wide(250))).toEqual(expect.arrayContaining(['aliases', 'cost']));
    const thrice = times(3, (n) => `a${n}: __schema { types { ...FullType } }`);
    expect(introspected(`${getIntrospectionQuery()} query Q { ${thrice} }`)).toEqual(['cost']);
    expect(introspected('{ __schema { types { fields { type { fields { type { fields { name args { name } } } } } } } } }')).toEqual([
      'cost',
    ]);
    expect(requestsIn(parse(getIntrospectionQuery()))).toBe(20);
  });

  it('count root fields and commands within fragments, too', () => {
    const many = times(LIMITS.rootFields + 1, () => 'me { actor }');
    expect(limits(`{ ...f } fragment f on Query { ${many} }`)).toContain('rootFields');
    expect(limits(`{ ... on Query { ${many} } }`)).toContain('rootFields');
    const requests = (query: string) => requestsIn(parse(query));
    expect(requests('mutation { a: reset b: reset }')).toBe(2);
    expect(requests('mutation { ...f ...f ... on Mutation { c: reset } } fragment f on Mutation { a: reset b: reset }')).toBe(5);
    expect(requests('mutation { ...f } fragment f on Mutation { a: reset ...f }')).toBe(1);
    expect(requests('{ me { actor } }')).toBe(1);
    expect(requests(lists('first: 1'))).toBe(5);
    expect(requests('fragment f on Query { me { actor } }')).toBe(1);
  });
});
