import type { Context } from "hono";
import type { Role, Viewer } from "./viewer.ts";

interface RouteBase {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Hono's pattern: `/pulls/:owner/:repository/:number`. */
  path: string;
  /** Whoever has this role is let in as well as who has that of `access`. */
  orRole?: Role;
  /** One line: what it is for. */
  summary: string;
  /** Longest body that is read, in bytes; 64 KiB unless given. */
  maxBodyBytes?: number;
  /** The handler reads the body itself, as it arrives, and sees to it that it ends. */
  streams?: true;
  /** What one request takes from whoever sends it (see `allowance.ts`); 1 unless given, 0 for what may be asked without end. */
  cost?: number;
}

/**
 * One route with its authorisation decision. There is no other way to add one, so that none can be without.
 *
 * `public`: anyone; it says nothing about any repository. `reader` and above: somebody who is signed in and has that role for some owner;
 * the handler narrows it to what `viewer` sees and to the owner at hand.
 */
export type Route =
  | (RouteBase & { access: "public"; handler(context: Context): Response | Promise<Response> })
  | (RouteBase & { access: Role; handler(context: Context, viewer: Viewer): Response | Promise<Response> });

/** Who sends a request; undefined for whoever did not sign in. */
export type Authenticate = (context: Context) => Promise<Viewer | undefined>;
