import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import type { NodeContext } from './context';
import { WireWriter } from '../bytes/protobuf';

/** The version whose behaviour the node follows. */
export const SERVER_VERSION = '24.6.0';

/** Tells clients which features the node has; they choose their calls by it. Names are lower-case, as in the original. */
export function serverFeatures(context: NodeContext): NodeService {
  return new ServiceBuilder('event_store.client.server_features.ServerFeatures')
    .unary(
      'GetSupportedMethods',
      (bytes) => bytes,
      () => {
        const answer = new WireWriter();
        for (const { service, method, features } of context.features) {
          const entry = new WireWriter().text(1, method.toLowerCase()).text(2, service.toLowerCase());
          for (const feature of features) entry.text(3, feature);
          answer.message(1, entry);
        }
        return answer.text(2, SERVER_VERSION).finish();
      },
    )
    .build();
}
