import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { Decisions } from '#platform/commands/decisions';
import { ProcessRunner } from '#platform/processes/processes';
import { ListRequests } from '#platform/queries/list-request';
import { migrate, openPool } from '#platform/runtime/database';
import type { Principal } from '#platform/security/access';
import { inContext } from '#platform/security/context';
import { EventStore } from '#platform/store/event-store';
import { runViews, type RunningViews } from '#platform/views/engine';
import { given } from './given';
import { book, commands, Shelf, shelf, whenBookLentRemind } from './library';
import { startTestSystem, type TestSystem } from './testing';

describe('a domain that is not a factory', () => {
  test('is decided by pure rules', () => {
    const lent = { type: 'BookLent', data: { bookId: 'town.b1', reader: 'ann' } } as const;
    const lend = (reader: string) => ({ bookId: 'town.b1', reader });
    given(book).when('LendBook', lend('ann')).then(lent);
    given(book, lent).when('LendBook', lend('ann')).changesNothing();
    given(book, lent).when('LendBook', lend('bob')).rejects('book-lent');
  });

  describe('on real parts', () => {
    let system: TestSystem;
    let store: EventStore;
    let pool: Pool;
    let views: RunningViews;
    let runner: ProcessRunner;
    let decisions: Decisions;

    const by = (principal: Principal) => ({
      send: (type: keyof typeof commands, data: object, commandId: string = randomUUID(), causationId?: string) =>
        inContext({ correlationId: randomUUID(), principal, ...(causationId && { causationId }) }, () =>
          decisions.run(book, type, Object.assign(new commands[type](), data, { commandId })),
        ),
    });
    const mia = by({ actor: 'mia', roles: ['librarian'], scopes: ['town'] });

    beforeAll(async () => {
      system = await startTestSystem();
      await migrate(system.databaseUrl);
      store = new EventStore(system.eventStoreUrl);
      pool = openPool(system.databaseUrl, 'library');
      decisions = new Decisions(store);
      views = await runViews({ store: system.eventStoreUrl, databaseUrl: system.databaseUrl, views: [shelf] });
      const saga = by({ actor: 'process', roles: ['process'], scopes: ['*'] });
      runner = new ProcessRunner({
        store,
        pool,
        processes: [whenBookLentRemind(30)],
        send: ({ type, data }, { commandId, causationId }) => saga.send(type as keyof typeof commands, data, commandId, causationId),
        targetOf: ({ data }) => String(data.bookId),
        timerPollMs: 50,
      });
      runner.start();
    }, 60_000);
    afterAll(async () => {
      await runner?.stop();
      await views?.stop();
      await pool?.end();
      await store?.close();
      await system?.stop();
    });

    const until = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
      for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 25))) {
        const found = await look();
        if (found !== undefined) return found;
      }
      throw new Error('It did not happen within 20 s.');
    };

    test('accepts commands of its roles within their scope, shows rows, and sends a reminder when time is up', async () => {
      const long = new Date(Date.now() - 31 * 86_400_000).toISOString();
      expect((await mia.send('LendBook', { bookId: 'town.b1', reader: 'ann', occurredAt: long })).events).toEqual(['BookLent']);
      await expect(mia.send('LendBook', { bookId: 'town.b1', reader: 'bob' })).rejects.toMatchObject({ code: 'book-lent' });
      await expect(mia.send('LendBook', { bookId: 'village.b1', reader: 'bob' })).rejects.toMatchObject({ status: 403 });

      const requests = new ListRequests({ row: Shelf, table: shelf.name, filters: { reader: 'equals' }, sorts: ['reader'] });
      const { text, values } = requests.one('town.b1', ['town']);
      const row = await until(async () => (await pool.query<Shelf>(text, [...values])).rows[0]);
      expect(row).toMatchObject({ branch: 'town', reader: 'ann', loans: 1 });
      expect((await pool.query(text, ['town.b1', ['village']])).rows).toEqual([]);

      const reminded = await until(async () => (await store.read('book-town.b1')).find(({ type }) => type === 'ReaderReminded'));
      expect(reminded).toMatchObject({ data: { reader: 'ann' }, metadata: { role: 'process' } });
    }, 40_000);
  });
});
