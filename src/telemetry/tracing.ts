import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type ReadableSpan, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP collector, to which `/v1/traces` is added; without one nothing leaves the process. */
  endpoint: string | undefined;
  /** Told of every span that ends: what the metrics of phases are taken from. */
  ended(name: string, durationMs: number): void;
}

/**
 * From a webhook to the check run that it led to, as one trace. Registers itself as the process's tracer; a collector that is away costs
 * spans, never a run.
 */
export function startTracing({ endpoint, ended }: TracingOptions): { stop(): Promise<void> } {
  const processors: SpanProcessor[] = [onEnd(ended)];
  if (endpoint !== undefined) {
    processors.push(new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }) }));
  }
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "hms-sys" }),
    spanProcessors: processors,
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return {
    async stop() {
      trace.disable();
      context.disable();
      propagation.disable();
      await provider.shutdown();
    },
  };
}

function onEnd(ended: TracingOptions["ended"]): SpanProcessor {
  return {
    onStart: () => undefined,
    onEnd: ({ name, duration: [seconds, nanoseconds] }: ReadableSpan) =>
      ended(name, seconds * 1000 + nanoseconds / 1e6),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
}
