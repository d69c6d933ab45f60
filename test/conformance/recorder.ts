import { setTimeout as sleep } from "node:timers/promises";
import type { GitHubDescription, Problem } from "./description.ts";
import { excused } from "./exceptions.ts";

export type ApiRequest = {
  params?: Record<string, string | number>;
  query?: Record<string, string | number>;
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
  /** Checked as well; 2xx unless given. */
  expect?: number;
};

export type ApiAnswer = { status: number; headers: Headers; body: unknown };

/** Calls the double and holds every answer against the description. */
export class Recorder {
  passed = 0;
  failed = 0;
  readonly failures: string[] = [];
  /** Routes that were called. */
  readonly called = new Set<string>();
  private readonly base: string;
  private readonly description: GitHubDescription;

  constructor(base: string, description: GitHubDescription) {
    this.base = base;
    this.description = description;
  }

  /** `route` as the description writes it, e.g. `GET /repos/{owner}/{repo}/pulls`. */
  async call(route: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const [method = "GET", template = ""] = route.split(" ");
    this.called.add(route);
    const params = request.params ?? {};
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
      String(params[name] ?? `missing-${name}`)
        .split("/")
        .map(encodeURIComponent)
        .join("/"),
    );
    const query = new URLSearchParams(
      Object.entries(request.query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const response = await fetch(`${this.base}${path}${query.size > 0 ? `?${query}` : ""}`, {
      method,
      redirect: "manual",
      headers: {
        accept: "application/vnd.github+json",
        ...(request.token ? { authorization: `Bearer ${request.token}` } : {}),
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    const contentType = response.headers.get("content-type") ?? "";
    const text = await response.text();
    const body: unknown =
      contentType.includes("json") && text !== "" ? JSON.parse(text) : text === "" ? undefined : text;
    const label = `${route} → ${response.status}`;
    const problems = this.description.checkResponse(route, response.status, contentType, body);
    const expected = request.expect === undefined ? response.ok : response.status === request.expect;
    if (!expected)
      problems.push({ pointer: "", message: `expected ${request.expect ?? "success"}: ${text.slice(0, 300)}` });
    this.judge(label, problems);
    return { status: response.status, headers: response.headers, body };
  }

  webhook(event: string, body: unknown): void {
    const action = (body as { action?: unknown }).action;
    const full = [event, ...(typeof action === "string" ? [action] : [])].join("-").replaceAll("_", "-");
    const name = this.description.hasWebhook(full) ? full : event.replaceAll("_", "-");
    this.judge(`webhook ${name}`, this.description.checkWebhook(name, body));
  }

  /** Counts one check and notes what is wrong, but for listed exceptions. */
  judge(label: string, problems: Problem[]): void {
    const left = problems.filter(({ pointer, message }) => !excused(label, pointer, message));
    if (left.length === 0) {
      this.passed += 1;
      return;
    }
    for (const { pointer, message } of left.slice(0, 12)) this.failures.push(`${label} ${pointer}: ${message}`);
    this.failed += 1;
  }

  /** Long enough for what the double works out in the background. */
  async settle(): Promise<void> {
    await sleep(30);
  }
}
