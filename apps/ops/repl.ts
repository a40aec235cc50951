import { start } from 'node:repl';
import { CommandBus } from '@nestjs/cqrs';
import { Pool } from 'pg';
import { AuditLog } from '#audit/audit.log';
import { stateAfter } from '#audit/history';
import { streamOf } from '#kernel/identity';
import { inContext } from '#platform/security/context';
import { Registry } from '#platform/commands/registry';
import { EventStore } from '#platform/store/event-store';
import { InputPipe } from '#platform/http/input-pipe';
import { views } from '#slices';
import { openApplication, operator } from './application';
import { configOf, type Whereabouts } from './system';
import { say } from './terminal';

const WELCOME = `The slices are loaded. Try:
  await state('equipment', 'haifa.M4')         the folded state of an entity
  await stream('work-order', 'haifa.Case1')    its events
  await send('StopEquipment', { … })           a command, as engineer of all facilities
  await sql('SELECT * FROM order_board')       rows of the read models
  store, pool, bus, audit, views, categories   the parts themselves
`;

/** A Node prompt with the slices loaded, until .exit. */
export async function openRepl(where: Whereabouts): Promise<void> {
  const app = await openApplication(configOf(where));
  const [store, pool, bus, pipe, registry] = [app.get(EventStore), app.get(Pool), app.get(CommandBus), new InputPipe(), app.get(Registry)];
  const known = (category: string, id: string) => {
    const decider = registry.deciderOf(streamOf(category, id));
    if (decider?.category !== category) throw new Error(`Unknown slice ${category}; known: ${registry.categories().join(', ')}.`);
    return decider;
  };
  if (process.stdin.isTTY) say(WELCOME);
  const repl = start({ prompt: process.stdin.isTTY ? 'ops> ' : '', terminal: process.stdin.isTTY });
  Object.assign(repl.context, {
    store,
    pool,
    bus,
    views,
    audit: app.get(AuditLog),
    categories: registry.categories(),
    stream: (category: string, id: string) => store.read(streamOf(category, id)),
    state: async (category: string, id: string) => stateAfter(known(category, id), await store.read(streamOf(category, id))),
    sql: async (text: string, values?: unknown[]) => (await pool.query(text, values)).rows as unknown[],
    send: async (name: string, data: object) => {
      const command = registry.commandNamed(name);
      if (!command) throw new Error(`Unknown command ${name}.`);
      const message = (await pipe.transform({ ...data }, { type: 'body', metatype: command })) as object;
      return inContext({ correlationId: `repl-${process.pid}`, principal: operator() }, () => bus.execute(message));
    },
  });
  await new Promise((resolve) => repl.once('exit', resolve));
  await app.close();
}
