// Hides: the messages of event_store.client.projections.
// Promises: operators see and switch the standing projections; for projections of users a clear UNIMPLEMENTED.
// Does not: run JavaScript from clients; the application's views do a projection's work.

import {
  DisableReq,
  DisableResp,
  EnableReq,
  EnableResp,
  StatisticsReq,
  StatisticsResp,
} from '@eventstore/db-client/generated/projections_pb';
import type { Metadata } from '@grpc/grpc-js';
import { invalidArgument, unimplemented } from '../errors';
import { encode, reading } from '../generated';
import { type NodeContext, type NodeService, ServiceBuilder } from '../service';
import { isSystemProjection } from '../standing-projections';
import { SYSTEM_PROJECTIONS, type SystemProjection } from '../system-projections';

const ofUsers = ['Create', 'Update', 'Delete', 'Reset', 'State', 'Result', 'RestartSubsystem'];

const refuse = (what: string): never => {
  throw unimplemented(`This node runs no user projections (${what}): read the streams and fold them in the application.`);
};

const known = (name: string): SystemProjection => (isSystemProjection(name) ? name : refuse(name));

/** Standing projections by name, on and off. */
export function projections({ projections: standing, authorizeAdmin, authorizeUser }: NodeContext): NodeService {
  const change = async (metadata: Metadata, name: string | undefined, on: boolean): Promise<void> => {
    authorizeUser(metadata);
    const projection = known(name ?? '');
    authorizeAdmin(metadata, true);
    await standing.switch(projection, on);
  };

  const details = (name: SystemProjection): Buffer => {
    const running = standing.isRunning(name);
    return encode(
      new StatisticsResp().setDetails(
        new StatisticsResp.Details()
          .setName(name)
          .setEffectivename(name)
          .setMode('Continuous')
          .setStatus(running ? 'Running' : 'Stopped')
          .setProgress(running ? 100 : -1)
          .setVersion('0')
          .setEpoch('0')
          .setCoreprocessingtime('0')
          .setEventsprocessedafterrestart('0')
          .setBufferedevents('0'),
      ),
    );
  };

  const selected = (options: StatisticsReq.Options | undefined): readonly SystemProjection[] => {
    if (!options || options.getModeCase() === StatisticsReq.Options.ModeCase.MODE_NOT_SET) throw invalidArgument('A mode is required.');
    if (options.hasName()) return [known(options.getName())];
    return options.hasAll() || options.hasContinuous() ? SYSTEM_PROJECTIONS : [];
  };

  const builder = new ServiceBuilder('event_store.client.projections.Projections')
    .unary('Enable', reading(EnableReq), async (request, metadata) => {
      await change(metadata, request.getOptions()?.getName(), true);
      return encode(new EnableResp());
    })
    .unary('Disable', reading(DisableReq), async (request, metadata) => {
      await change(metadata, request.getOptions()?.getName(), false);
      return encode(new DisableResp());
    })
    .serverStream('Statistics', reading(StatisticsReq), async (call) => {
      authorizeUser(call.metadata);
      for (const name of selected(call.request.getOptions())) call.write(details(name));
    });
  for (const method of ofUsers) {
    builder.unary(
      method,
      (bytes) => bytes,
      (_request, metadata) => {
        authorizeUser(metadata);
        return refuse(method);
      },
    );
  }
  return builder.build();
}
