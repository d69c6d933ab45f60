import { trace } from "@opentelemetry/api";
import { type Logger, pino } from "pino";
import { runFields } from "../ports/run-context.ts";

/** What must never reach a log, wherever in an object it stands; texts are redacted by {@link redactText}. */
const SECRET_FIELDS = [
  "authorization",
  "clientSecret",
  "cookie",
  "operatorToken",
  "password",
  "privateKey",
  "secret",
  "token",
  "webhookSecret",
];

/** GitHub's token formats, our own session ids, App JWTs and PEM blocks: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github */
const SECRET_TEXTS =
  /gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|hmss_[\w-]{20,255}|eyJ[\w-]{10,2000}\.[\w-]{10,2000}\.[\w-]{10,2000}|-----BEGIN [A-Z ]{3,40}-----[^-"]{0,8192}(?:-----END [A-Z ]{3,40}-----)?/g;

export function redactText(text: string): string {
  return text.replace(SECRET_TEXTS, "[redacted]");
}

/** JSON lines on standard output: constant messages, data in fields. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Every line of a run says whose it is, and which trace shows the rest.
    mixin: () => ({ ...traceFields(), ...runFields() }),
    // What the line itself says comes last and wins.
    mixinMergeStrategy: (line, mixed) => ({ ...mixed, ...line }),
    // Whatever else a field, a message or a library brings along.
    hooks: { streamWrite: redactText },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: "[redacted]" },
    serializers: {
      // Only what explains: an Octokit error also carries the request with its headers.
      err: (error: unknown) =>
        error instanceof Error
          ? {
              type: error.name,
              message: redactText(error.message),
              stack: redactText(error.stack ?? ""),
              ...pick(error),
            }
          : { type: typeof error, message: "not an Error" },
    },
  });
}

function traceFields(): { traceId?: string } {
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  return traceId === undefined ? {} : { traceId };
}

function pick(error: Error): Record<string, unknown> {
  const { fault, status } = error as { fault?: unknown; status?: unknown };
  return { ...(typeof fault === "string" ? { fault } : {}), ...(typeof status === "number" ? { status } : {}) };
}
