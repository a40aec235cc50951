// Hides: the messages of event_store.client.projections.
// Promises: a clear UNIMPLEMENTED for projections of users, after the caller was identified.
// Does not: run JavaScript from clients; the application's views do a projection's work.

import { unimplemented } from '../errors';
import { type NodeContext, type NodeService, ServiceBuilder } from '../service';

const unary = ['Create', 'Update', 'Delete', 'Disable', 'Enable', 'Reset', 'State', 'Result', 'RestartSubsystem'];

/** The projections service, which this node does not offer. */
export function projections(context: NodeContext): NodeService {
  const builder = new ServiceBuilder('event_store.client.projections.Projections');
  const refuse = (method: string): never => {
    throw unimplemented(`This node runs no user projections (${method}): read the streams and fold them in the application.`);
  };
  for (const method of unary) {
    builder.unary(
      method,
      (bytes) => bytes,
      (_request, metadata) => {
        context.authorizeUser(metadata);
        return refuse(method);
      },
    );
  }
  return builder
    .serverStream(
      'Statistics',
      (bytes) => bytes,
      async (call) => {
        context.authorizeUser(call.metadata);
        refuse('Statistics');
      },
    )
    .build();
}
