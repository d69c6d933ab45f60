import { type Attributes, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Delivery } from "./queue.ts";

/** What a span is: its name is a constant, what varies stands in its attributes. https://opentelemetry.io/docs/concepts/signals/traces/ */
interface SpanOptions {
  kind?: "internal" | "server" | "client";
  attributes?: Attributes;
  /** Deliveries that led to it: the first is its parent, the others are linked. */
  causes?: readonly Delivery[];
}

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT };

/** Does `work` inside a span: the one instrumentation, from which traces and the metrics of phases are both taken. */
export async function span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const [first, ...others] = (options.causes ?? []).flatMap(({ traceparent }) => (traceparent ? [traceparent] : []));
  const parent = first === undefined ? context.active() : propagated(first);
  const links = others.flatMap((traceparent) => {
    const linked = trace.getSpanContext(propagated(traceparent));
    return linked ? [{ context: linked }] : [];
  });
  const { kind = "internal", attributes = {} } = options;
  const started = { kind: KINDS[kind], attributes, links };
  return trace.getTracer("hms-sys").startActiveSpan(name, started, parent, async (current) => {
    try {
      return await work(current);
    } catch (error) {
      // The error's text may quote what others wrote; its name explains enough here, and the log has the rest.
      current.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : "unknown" });
      throw error;
    } finally {
      current.end();
    }
  });
}

/** The running span's `traceparent` header, to be kept where the trace goes on later; undefined without tracing. */
export function activeTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

function propagated(traceparent: string): ReturnType<typeof context.active> {
  return propagation.extract(context.active(), { traceparent });
}
