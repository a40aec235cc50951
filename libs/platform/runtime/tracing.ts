/**
 * Hides OpenTelemetry: what is started, when, and how a trace continues in another app.
 * Promises spans over OTLP/HTTP when an endpoint is set, and next to no cost when none is: the SDK is not even loaded.
 * Does not delay or fail what is traced: spans that cannot be sent are lost.
 */
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
} from '@opentelemetry/api';
import { APPLICATION } from './version';

let stop: (() => Promise<void>) | undefined;

/** Starts tracing. Call it before Nest, Fastify or pg are loaded: they are instrumented when they load. */
export function startTracing(processName: string, endpoint: string): void {
  // Loaded here and not above: the SDK is 300 modules that an app without an endpoint never needs.
  /* eslint-disable @typescript-eslint/no-require-imports */
  const { NodeSDK } = require('@opentelemetry/sdk-node') as typeof import('@opentelemetry/sdk-node');
  const { OTLPTraceExporter } =
    require('@opentelemetry/exporter-trace-otlp-proto') as typeof import('@opentelemetry/exporter-trace-otlp-proto');
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http') as typeof import('@opentelemetry/instrumentation-http');
  const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg') as typeof import('@opentelemetry/instrumentation-pg');
  /* eslint-enable @typescript-eslint/no-require-imports */
  const sdk = new NodeSDK({
    serviceName: `${APPLICATION}-${processName}`,
    traceExporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }),
    // The detectors would send the command line and the user account.
    autoDetectResources: false,
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: (request) => /^\/(health|metrics)\b/.test(request.url ?? ''),
        requireParentforOutgoingSpans: true,
      }),
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  });
  sdk.start();
  stop = () => sdk.shutdown();
}

/** Sends the remaining spans, for two seconds at most. */
export async function stopTracing(): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, 2_000).unref());
  await Promise.race([stop?.().catch(() => undefined), late]);
  stop = undefined;
}

/** Runs something as a span of the current trace, or of the one that `from` names (a W3C traceparent, as an event's metadata may carry it). */
export function traced<T>(name: string, attributes: Attributes, run: () => Promise<T>, from?: string): Promise<T> {
  if (!stop) return run();
  const parent = from === undefined ? context.active() : propagation.extract(ROOT_CONTEXT, { traceparent: from });
  const kind = from === undefined ? SpanKind.INTERNAL : SpanKind.CONSUMER;
  return trace.getTracer(APPLICATION).startActiveSpan(name, { kind, attributes }, parent, async (span) => {
    try {
      return await run();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).name });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The W3C traceparent of the current span, to be stored for work that continues the trace later; undefined when tracing is off. */
export function traceparent(): string | undefined {
  if (!stop) return undefined;
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Records the work since `from` (ms since 1970) as a span in the traces of these traceparents; of the first hundred. */
export function traceBack(name: string, from: number, traceparents: () => Iterable<string | undefined>): void {
  if (!stop) return;
  let left = 100;
  for (const traceparent of traceparents()) {
    if (left === 0) return;
    if (traceparent === undefined) continue;
    left -= 1;
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent });
    trace.getTracer(APPLICATION).startSpan(name, { kind: SpanKind.CONSUMER, startTime: from }, parent).end();
  }
}

/** The ids of the current span, for a log line. */
export function traceIds(): { traceId: string; spanId: string } | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? { traceId: span.traceId, spanId: span.spanId } : undefined;
}
