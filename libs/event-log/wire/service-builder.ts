/**
 * Hides: how a gRPC service is registered: a path, two codecs and an async function per method.
 * Promises: a handler that throws ends its call with the right status; a streaming handler waits while its reader is slow.
 * Does not: authenticate; each service calls `authorize`.
 */
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerDuplexStream,
  ServerReadableStream,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { widen } from './call-inside';
import { type Fault, faultOf } from './faults';

/** A service: its definition and handlers, in the form that grpc-js registers. */
export type NodeService = {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
  /** Ends every open call. */
  end: (fault: Fault) => void;
};
type Codec<Request> = { path: string; read: (bytes: Buffer) => Request };

const encoded = (bytes: Buffer) => bytes;

/** Collects methods; handlers encode their own answers. */
export class ServiceBuilder {
  private readonly definition: Record<string, ServiceDefinition[string]> = {};
  private readonly implementation: UntypedServiceImplementation = {};

  private readonly open = new Set<(fault: Fault) => void>();

  /** @param name package and service, such as event_store.client.streams.Streams */
  constructor(private readonly name: string) {}

  unary<Request>(
    method: string,
    read: Codec<Request>['read'],
    handle: (request: Request, metadata: Metadata) => Promise<Buffer> | Buffer,
  ): this {
    const handler: handleUnaryCall<Request, Buffer> = (call, callback) => {
      this.run(
        () => handle(call.request, call.metadata),
        (answer) => callback(null, answer),
        callback,
      );
    };
    return this.add(method, read, handler, false, false);
  }

  clientStream<Request>(
    method: string,
    read: Codec<Request>['read'],
    handle: (call: ServerReadableStream<Request, Buffer>) => Promise<Buffer>,
  ): this {
    const handler: handleClientStreamingCall<Request, Buffer> = (call, callback) => {
      widen(call);
      this.run(
        () => handle(call),
        (answer) => callback(null, answer),
        callback,
      );
    };
    return this.add(method, read, handler, true, false);
  }

  serverStream<Request>(
    method: string,
    read: Codec<Request>['read'],
    handle: (call: ServerWritableStream<Request, Buffer>) => Promise<void>,
  ): this {
    const handler: handleServerStreamingCall<Request, Buffer> = (call) => {
      this.run(
        () => handle(call),
        () => call.end(),
        (fault) => call.emit('error', fault),
      );
    };
    return this.add(method, read, handler, false, true);
  }

  duplex<Request>(
    method: string,
    read: Codec<Request>['read'],
    handle: (call: ServerDuplexStream<Request, Buffer>) => Promise<void>,
  ): this {
    const handler: handleBidiStreamingCall<Request, Buffer> = (call) => {
      widen(call);
      this.run(
        () => handle(call),
        () => call.end(),
        (fault) => call.emit('error', fault),
      );
    };
    return this.add(method, read, handler, true, true);
  }

  build(): NodeService {
    return {
      definition: this.definition,
      implementation: this.implementation,
      end: (fault) => {
        for (const end of this.open) end(fault);
      },
    };
  }

  /** Runs a handler; the call ends when the handler ends or the node closes, whichever comes first. */
  private run<Answer>(work: () => Promise<Answer> | Answer, done: (answer: Answer) => void, fail: (fault: Fault) => void): void {
    let over = false;
    const once =
      <Value>(end: (value: Value) => void) =>
      (value: Value): void => {
        if (over) return;
        over = true;
        this.open.delete(failed);
        end(value);
      };
    const failed = once(fail);
    this.open.add(failed);
    void (async () => work())().then(once(done), (error: unknown) => failed(faultOf(error)));
  }

  private add(
    method: string,
    read: (bytes: Buffer) => unknown,
    handler: UntypedServiceImplementation[string],
    requestStream: boolean,
    responseStream: boolean,
  ): this {
    const refuse = () => {
      throw new Error('the node does not call itself');
    };
    this.definition[method] = {
      path: `/${this.name}/${method}`,
      originalName: method,
      requestStream,
      responseStream,
      requestSerialize: refuse,
      requestDeserialize: read,
      responseSerialize: encoded,
      responseDeserialize: encoded,
    };
    this.implementation[method] = handler;
    return this;
  }
}
