/**
 * A server that answers every append at once and stores nothing, with the node's wire code and no disk: the upper limit of the official
 * client. The node is compared with its rate; no server that writes to disk can be faster through this client.
 */
import { createRequire } from 'node:module';
import { Outlet } from '#event-log/wire/outlet';
import { ServiceBuilder } from '#event-log/wire/service-builder';
import { serverFeatures } from '#event-log/services/server-features';
import { encodeBatchAppended } from '#event-log/services/streams-answers';
import { readBatchRequest } from '#event-log/services/streams-requests';

const { Server, ServerCredentials } = createRequire(import.meta.url)('@grpc/grpc-js');

const SERVICE = 'event_store.client.streams.Streams';
const features = [{ service: SERVICE, method: 'BatchAppend', features: ['deadline_duration'] }];
const streams = new ServiceBuilder(SERVICE)
  .duplex('BatchAppend', readBatchRequest, (call) => {
    const outlet = new Outlet(call);
    const ended = new Promise((resolve) => ['end', 'cancelled', 'close', 'error'].forEach((event) => call.on(event, resolve)));
    let target;
    let last = 0n;
    call.on('data', (request) => {
      target = request.target ?? target;
      last += BigInt(request.proposed.length);
      if (request.final) outlet.post(encodeBatchAppended({ correlation: request.correlation, target }, last, last));
    });
    return ended;
  })
  .build();

const server = new Server({ 'grpc.max_receive_message_length': 32 * 1024 * 1024 });
for (const { definition, implementation } of [streams, serverFeatures({ features })]) server.addService(definition, implementation);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`LISTENING ${port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
