/** The application in this process, for commands that work without the api. Loading it takes a second: do so where it is needed. */
import type { INestApplicationContext } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { NestFactory } from '@nestjs/core';
import { fileImport, type FileImport } from '#import/import';
import type { ImportEvent } from '#import/import.events';
import { answerOf, NoAnswer, Refused, type Target } from './import/target';
import type { Principal } from '#platform/security/access';
import type { Receipt } from '#platform/commands/receipt';
import { Sending } from '#platform/commands/sending';
import { Registry } from '#platform/commands/registry';
import { accountName, type Config } from '#platform/runtime/config';
import { inContext } from '#platform/security/context';
import { EventStore } from '#platform/store/event-store';
import { runSeries } from '#platform/http/command-series';
import { InputPipe } from '#platform/http/input-pipe';
import { Problem } from '#platform/problem/problem';
import { OpsModule } from './ops.module';

/** Everything with every slice loaded, in this process. */
export const openApplication = (config: Config): Promise<INestApplicationContext> =>
  NestFactory.createApplicationContext(OpsModule.of(config), { logger: ['error', 'fatal'] });

/** The principal of this terminal: a person who can open the store may do everything. */
export const operator = (): Principal => ({
  actor: `ops-${accountName()}`,
  roles: ['engineer', 'device', 'auditor', 'supervisor'],
  scopes: ['*'],
});

/** Commands sent directly to the event store, with the same checks and rules as over REST. */
export function directTarget(app: INestApplicationContext, correlationId: string): Target {
  const [bus, store, pipe, registry] = [app.get(CommandBus), app.get(EventStore), new InputPipe(), app.get(Registry)];
  const sending = app.get(Sending);
  return {
    async send(name, data) {
      const command = registry.commandNamed(name);
      if (!command) throw new Error(`unknown command ${name}`);
      try {
        const message = (await pipe.transform({ ...data }, { type: 'body', metatype: command })) as object;
        const { events, token } = await inContext({ correlationId, principal: operator(), clock: 'import' }, () =>
          bus.execute<object, Receipt>(message),
        );
        return { events, token };
      } catch (error) {
        if (!(error instanceof Problem)) throw new NoAnswer(error);
        if (error.status >= 500) throw new NoAnswer(error);
        throw new Refused(error.status, error.code, error.message);
      }
    },
    async observe(rows) {
      const command = registry.commandNamed('ObserveProduction')!;
      try {
        const context = { correlationId, principal: operator(), clock: 'import' } as const;
        return (await inContext(context, () => runSeries(sending, command, rows))).map(answerOf);
      } catch (error) {
        throw new NoAnswer(error);
      }
    },
    hasFacility: async (facilityId) => (await store.read(`facility-${facilityId}`, 0n, { maxCount: 1 })).length > 0,
    async stateOf(id) {
      return (await store.read<ImportEvent>(`import-${id}`)).reduce<FileImport>(fileImport.evolve, fileImport.initial);
    },
    head: () => store.head(),
  };
}
