// Hides: the messages of event_store.client.projections.
// Promises: operators see, switch and reset the system projections; others are not found, and creating one is UNIMPLEMENTED.
// Does not: run JavaScript from clients; the application's views do a projection's work.

import type { Metadata } from '@grpc/grpc-js';
import { invalidArgument, projectionNotFound, unimplemented } from '../wire/faults';
import { Empty, type ValuesOf } from '../wire/message';
import { DisableRequest, NamedRequest, StatisticsRequest, StatisticsResponse } from '../wire/messages/projections';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import { isSystemProjection } from '../projections/standing-projections';
import { SYSTEM_PROJECTIONS, type SystemProjection } from '../projections/system-projections';

type Named = Readonly<{ options: Readonly<{ name?: string }> | undefined }>;

/** Requests that apply to users' projections only, not to system projections. */
const ofUsers = ['Update', 'Delete', 'State', 'Result'];

const known = ({ options }: Named): SystemProjection => {
  const name = options?.name ?? '';
  if (!isSystemProjection(name)) throw projectionNotFound(name);
  return name;
};

const SERVICE = 'event_store.client.projections.Projections';
const METHODS = ['Create', 'Update', 'Delete', 'Statistics', 'Disable', 'Enable', 'Reset', 'State', 'Result', 'RestartSubsystem'];

/** System projections by name: shown, switched and reset. */
export function projections({ projections: standing, features, authorizeAdmin, authorizeUser }: NodeContext): NodeService {
  const operated = (request: Named, metadata: Metadata): SystemProjection => {
    authorizeUser(metadata);
    const name = known(request);
    authorizeAdmin(metadata, true);
    return name;
  };

  const details = (name: SystemProjection): Buffer => {
    const state = standing.state(name);
    return StatisticsResponse.encode({
      details: { name, effectiveName: name, mode: 'Continuous', status: state, progress: state === 'Running' ? 100 : -1 },
    });
  };

  const selected = (options: ValuesOf<typeof StatisticsRequest>['options']): readonly SystemProjection[] => {
    if (!options || Object.values(options).every((mode) => mode === undefined)) throw invalidArgument('A mode is required.');
    if (options.name !== undefined) return [known({ options })];
    return options.all || options.continuous ? SYSTEM_PROJECTIONS : [];
  };

  for (const method of METHODS) {
    features.push({ service: SERVICE, method, features: method === 'Create' ? ['track_emitted_streams'] : [] });
  }
  const builder = new ServiceBuilder(SERVICE)
    .unary('Enable', NamedRequest.decode, async (request, metadata) => {
      await standing.switch(operated(request, metadata), 'Running');
      return Empty.encode();
    })
    .unary('Disable', DisableRequest.decode, async (request, metadata) => {
      await standing.switch(operated(request, metadata), request.options?.writeCheckpoint ? 'Stopped' : 'Aborted');
      return Empty.encode();
    })
    .unary('Reset', NamedRequest.decode, async (request, metadata) => {
      await standing.reset(operated(request, metadata));
      return Empty.encode();
    })
    .unary('RestartSubsystem', Empty.decode, async (_request, metadata) => {
      authorizeAdmin(metadata, true);
      await standing.restart();
      return Empty.encode();
    })
    .unary(
      'Create',
      (bytes) => bytes,
      (_request, metadata) => {
        authorizeUser(metadata);
        throw unimplemented('This node runs no user projections: read the streams and fold them in the application.');
      },
    )
    .serverStream('Statistics', StatisticsRequest.decode, async (call) => {
      authorizeUser(call.metadata);
      for (const name of selected(call.request.options)) call.write(details(name));
    });
  for (const method of ofUsers) {
    builder.unary(method, NamedRequest.decode, (request, metadata) => {
      authorizeUser(metadata);
      throw unimplemented(`'${known(request)}' is the node's own: it can be switched and reset only (${method}).`);
    });
  }
  return builder.build();
}
