import type { Context } from "hono";
import { page } from "./pages/layout.ts";
import { problemBody } from "./pages/problem-body.ts";
import { documentationOf, PROBLEMS, type ProblemCode, type ProblemKind, problem } from "./problem.ts";
import type { Viewer } from "./viewer.ts";

/** Under which the context carries who is signed in. */
export const VIEWER = "viewer";

/** A problem as whoever asks can read it: a page for a browser, `application/problem+json` for everybody else. */
export function answerProblem(
  context: Context,
  code: ProblemCode,
  detail?: string,
  headers: Record<string, string> = {},
): Response | Promise<Response> {
  const { path } = context.req;
  const accepted = context.req.header("accept") ?? "";
  if (path.startsWith("/api/") || !accepted.includes("text/html")) return problem(code, detail, headers);
  const { status, title, next }: ProblemKind = PROBLEMS[code];
  const viewer = context.get(VIEWER) as Viewer | undefined;
  const body = problemBody({ title, detail, next, code, documentation: documentationOf(code) });
  return page({ title, viewer, path, body, status, headers });
}
