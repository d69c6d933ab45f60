import { atMostEvery } from "./at-most-every.ts";
import type { Route } from "./route.ts";

export interface ProbeOptions {
  /** Rejects while the store is away. */
  probeStore(): Promise<void>;
  draining(): boolean;
  metrics(): Promise<{ text: string; contentType: string }>;
  jsonSchema(): Record<string, unknown>;
  /** Why the checker is not as it should be: that it is so says `/readyz`, which stays ready, since nothing accepted is lost by it. */
  checkerTrouble(): string | undefined;
}

const CHECKER_TROUBLE = "The checker is in trouble. The log and `hms doctor` say why.";

/** Liveness, readiness, metrics and the schema of hms.yml: what needs no sign-in and is asked by programs. */
export function probeRoutes(options: ProbeOptions): Route[] {
  // Every probe writes: whoever may ask must not decide how often.
  const probeStore = atMostEvery(1000, options.probeStore);
  return [
    {
      method: "GET",
      path: "/healthz",
      access: "public",
      cost: 0,
      summary: "Whether the process answers.",
      handler: (context) => context.json({ status: "ok" }),
    },
    {
      method: "GET",
      path: "/readyz",
      access: "public",
      cost: 0,
      summary: "Whether it takes work: 503 while draining or while the store cannot be written.",
      async handler(context) {
        if (options.draining()) return context.json({ status: "draining" }, 503);
        try {
          await probeStore();
          // Anybody may ask: what exactly is wrong, with paths and addresses, is for the log and the doctor.
          const trouble = options.checkerTrouble() !== undefined;
          return context.json(trouble ? { status: "ready", checker: CHECKER_TROUBLE } : { status: "ready" });
        } catch {
          return context.json({ status: "unavailable", reason: "the store cannot be written" }, 503);
        }
      },
    },
    {
      method: "GET",
      path: "/metrics",
      access: "public",
      cost: 0,
      summary: "Metrics in the Prometheus text format.",
      async handler(context) {
        const { text, contentType } = await options.metrics();
        return context.body(text, 200, { "content-type": contentType });
      },
    },
    {
      method: "GET",
      path: "/schema/hms.json",
      access: "public",
      summary: "JSON Schema of .github/hms.yml.",
      handler: (context) => context.json(options.jsonSchema()),
    },
    {
      method: "GET",
      path: "/schema/agents-startup.json",
      access: "public",
      summary: "JSON Schema of agents' start-up configurations.",
      // With it come the parser and the validator, which a process needs only where agents are linted.
      handler: async (context) => context.json((await import("../agents/lint.ts")).startupSchema),
    },
  ];
}
