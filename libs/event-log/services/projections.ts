// Hides: the messages of event_store.client.projections.
// Promises: operators see, switch and reset the standing projections; others are not found, and making one is UNIMPLEMENTED.
// Does not: run JavaScript from clients; the application's views do a projection's work.

import {
  DeleteReq,
  DisableReq,
  DisableResp,
  EnableReq,
  EnableResp,
  ResetReq,
  ResetResp,
  ResultReq,
  StateReq,
  StatisticsReq,
  StatisticsResp,
  UpdateReq,
} from '@eventstore/db-client/generated/projections_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import type { Metadata } from '@grpc/grpc-js';
import { invalidArgument, projectionNotFound, unimplemented } from '../wire/faults';
import { encode, reading } from '../wire/generated';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import { isSystemProjection } from '../projections/standing-projections';
import { SYSTEM_PROJECTIONS, type SystemProjection } from '../projections/system-projections';

type Named = { getOptions(): { getName(): string } | undefined };

/** What can be asked of a projection that a user wrote, of a standing one it cannot. */
const ofUsers = { Update: UpdateReq, Delete: DeleteReq, State: StateReq, Result: ResultReq };

const known = (request: Named): SystemProjection => {
  const name = request.getOptions()?.getName() ?? '';
  if (!isSystemProjection(name)) throw projectionNotFound(name);
  return name;
};

/** Standing projections by name: seen, switched and begun anew. */
export function projections({ projections: standing, authorizeAdmin, authorizeUser }: NodeContext): NodeService {
  const operated = (request: Named, metadata: Metadata): SystemProjection => {
    authorizeUser(metadata);
    const name = known(request);
    authorizeAdmin(metadata, true);
    return name;
  };

  const details = (name: SystemProjection): Buffer => {
    const state = standing.state(name);
    return encode(
      new StatisticsResp().setDetails(
        new StatisticsResp.Details()
          .setName(name)
          .setEffectivename(name)
          .setMode('Continuous')
          .setStatus(state)
          .setProgress(state === 'Running' ? 100 : -1)
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
    if (options.hasName()) return [known({ getOptions: () => options })];
    return options.hasAll() || options.hasContinuous() ? SYSTEM_PROJECTIONS : [];
  };

  const builder = new ServiceBuilder('event_store.client.projections.Projections')
    .unary('Enable', reading(EnableReq), async (request, metadata) => {
      await standing.switch(operated(request, metadata), 'Running');
      return encode(new EnableResp());
    })
    .unary('Disable', reading(DisableReq), async (request, metadata) => {
      await standing.switch(operated(request, metadata), request.getOptions()?.getWriteCheckpoint() ? 'Stopped' : 'Aborted');
      return encode(new DisableResp());
    })
    .unary('Reset', reading(ResetReq), async (request, metadata) => {
      await standing.reset(operated(request, metadata));
      return encode(new ResetResp());
    })
    .unary('RestartSubsystem', reading(Empty), async (_request, metadata) => {
      authorizeAdmin(metadata, true);
      await standing.restart();
      return encode(new Empty());
    })
    .unary(
      'Create',
      (bytes) => bytes,
      (_request, metadata) => {
        authorizeUser(metadata);
        throw unimplemented('This node runs no user projections: read the streams and fold them in the application.');
      },
    )
    .serverStream('Statistics', reading(StatisticsReq), async (call) => {
      authorizeUser(call.metadata);
      for (const name of selected(call.request.getOptions())) call.write(details(name));
    });
  for (const [method, Request] of Object.entries(ofUsers)) {
    builder.unary(method, reading<Named>(Request), (request, metadata) => {
      authorizeUser(metadata);
      throw unimplemented(`'${known(request)}' is the node's own: it can be switched and reset only (${method}).`);
    });
  }
  return builder.build();
}
