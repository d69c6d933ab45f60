import type { Context } from "hono";
import type { Logger } from "pino";
import type { Teams } from "../../ports/people.ts";
import type { Authenticate } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "../views/deps.ts";
import { page } from "./layout.ts";
import type { Html } from "./markup.ts";

export interface PagesDeps {
  views: ViewDeps;
  /** For the front page, which is another one for whoever is signed in. */
  authenticate: Authenticate;
  /** For what waits for a team that the viewer is in. */
  teams: Teams;
  log: Logger;
  /** Whether the policy that comes with HMS-SYS decides, so that its rules are known by name. */
  ownPolicy: boolean;
}

export interface Shown {
  title: string;
  body: Html;
  /** Place in the navigation that the page belongs to; its own path unless given. */
  place?: string;
  status?: number;
}

/** A page of ours around `shown`. */
export function show(
  { views }: PagesDeps,
  context: Context,
  viewer: Viewer | undefined,
  shown: Shown,
): Promise<Response> {
  const { title, body, status, place = context.req.path } = shown;
  const bundleRevision = views.checker.revision();
  return page({
    title,
    viewer,
    path: place,
    body,
    ...(bundleRevision === undefined ? {} : { bundleRevision }),
    ...(status === undefined ? {} : { status }),
  });
}
