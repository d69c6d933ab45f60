import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { AppDefinition } from "../../config/app-definition.ts";
import type { AppRegistration, RegisteredApp } from "../../ports/app-registration.ts";
import { GitHubError } from "../../ports/github.ts";
import { assetRoutes } from "../pages/assets.ts";
import { problem } from "../problem.ts";
import type { Route } from "../route.ts";
import type { SetupAccess } from "./access.ts";
import { appManifest, appsUrl, readChoice, registrationUrl } from "./manifest.ts";
import { choicePage, refuse, reviewPage, waitingPage } from "./pages.ts";

const COOKIE = "hms_setup";

export interface SetupOptions {
  access: SetupAccess;
  definition: AppDefinition;
  publicUrl: string;
  githubWebUrl: string;
  /** Lower-case logins; empty: all owners. */
  allowedOwners: readonly string[];
  warnings: readonly string[];
  unfinished: { beganAt: string; owner: string; appsUrl: string } | undefined;
  registration: AppRegistration;
  /** Throws where credentials could not be kept. */
  probeDirectory(): void;
  /** Writes down that credentials are about to come, so that a start after a crash knows of them. */
  note(owner: string, appsUrl: string): void;
  /** Durable once it returns. */
  save(app: RegisteredApp): void;
  /** Goes on to serve as that App, after which none of these routes is there any more. */
  configured(): Promise<void>;
  failed(what: "conversion" | "directory" | "save" | "start", error: unknown): void;
}

/** What GitHub has answered with so far; kept until it is saved, since nobody gets it twice. */
interface Progress {
  owner: string | undefined;
  code?: string;
  app?: RegisteredApp;
  saved?: true;
}

/** The set-up page: the one-time token, the form, GitHub's answer. Mounted only while there are no credentials. */
export function setupRoutes(options: SetupOptions): Route[] {
  const { access, publicUrl, githubWebUrl, warnings } = options;
  const progress: Progress = { owner: undefined };
  let underWay: Promise<Response> | undefined;
  const finish = (context: Context): Promise<Response> => {
    underWay ??= complete(context, options, progress).finally(() => {
      underWay = undefined;
    });
    return underWay.then((response) => response.clone());
  };
  const own = (handler: (context: Context) => Response | Promise<Response>) => (context: Context) =>
    access.holds(getCookie(context, COOKIE)) ? handler(context) : refuse(context, "setup-session");

  const begin = async (context: Context): Promise<Response> => {
    const token = context.req.query("token");
    const admitted = access.holds(getCookie(context, COOKIE));
    if (token === undefined || admitted) {
      if (!admitted) return refuse(context, "setup-session");
      return token === undefined ? choicePage(options) : context.redirect("/setup", 303);
    }
    // A preview of the address must not use the token up.
    if (context.req.method === "HEAD") return new Response(null, { status: 204 });
    const exchanged = access.exchange(token);
    if (exchanged.kind === "refused") return refuse(context, exchanged.code);
    // Lax, not Strict: the answer of GitHub is a navigation from its page to ours, and has to carry the session.
    setCookie(context, COOKIE, exchanged.session, {
      path: "/setup",
      httpOnly: true,
      sameSite: "Lax",
      secure: publicUrl.startsWith("https:"),
      maxAge: 3600,
    });
    return context.redirect("/setup", 303);
  };

  const review = async (context: Context): Promise<Response> => {
    const read = readChoice({
      organisation: context.req.query("organisation") ?? "",
      name: context.req.query("name") ?? "",
    });
    if ("code" in read) return refuse(context, read.code, { again: true });
    const { organisation, name } = read.choice;
    if (organisation !== undefined && !isAllowed(options, organisation))
      return refuse(context, "setup-owner-not-allowed", { again: true, detail: `${organisation} is not in the list.` });
    try {
      options.probeDirectory();
    } catch (error) {
      options.failed("directory", error);
      return refuse(context, "setup-directory", { again: true, detail: reason(error) });
    }
    progress.owner = organisation;
    return reviewPage({
      action: registrationUrl(githubWebUrl, organisation, access.newState()),
      manifest: appManifest(options.definition, { name, publicUrl }),
      definition: options.definition,
      owner: organisation ?? "your own account",
      name,
      warnings,
    });
  };

  const callback = async (context: Context): Promise<Response> => {
    const { code = "", state = "" } = context.req.query();
    if (!access.takeState(state) || !/^[\w-]{1,200}$/.test(code))
      return refuse(context, "setup-state", { again: true });
    progress.code = code;
    return finish(context);
  };

  const get = (path: string, summary: string, handler: (context: Context) => Response | Promise<Response>): Route => ({
    method: "GET",
    path,
    access: "public",
    summary,
    handler,
  });
  return [
    ...assetRoutes(),
    get("/setup", "Exchanges the one-time token for a session; asks whose App it is to be.", begin),
    get("/setup/review", "What GitHub will be asked, with the form that asks it.", own(review)),
    get("/setup/callback", "GitHub's answer to the manifest.", own(callback)),
    {
      method: "POST",
      path: "/setup/finish",
      access: "public",
      summary: "Tries once more what failed after GitHub's answer.",
      handler: own((context) =>
        progress.code || progress.app ? finish(context) : refuse(context, "setup-state", { again: true }),
      ),
    },
    get("/", "That it is not set up.", () => waitingPage()),
    get("/healthz", "Whether the process answers.", (context) => context.json({ status: "ok" })),
    get("/readyz", "503: it takes no work before it is set up.", (context) => context.json({ status: "set-up" }, 503)),
    {
      method: "POST",
      path: "/api/github/webhooks",
      access: "public",
      summary: "503: there is no secret yet to check a signature with.",
      handler: () => problem("setup-first"),
    },
  ];
}

async function complete(context: Context, options: SetupOptions, progress: Progress): Promise<Response> {
  const { githubWebUrl } = options;
  if (!progress.app) {
    const list = appsUrl(githubWebUrl, progress.owner);
    try {
      options.note(progress.owner ?? "your own account", list);
    } catch (error) {
      // GitHub still keeps the credentials: asking for them now would be to lose them.
      options.failed("directory", error);
      return refuse(context, "setup-directory", { again: true, retry: true, detail: reason(error) });
    }
    try {
      progress.app = await options.registration.convert(progress.code ?? "");
    } catch (error) {
      options.failed("conversion", error);
      if (error instanceof GitHubError && error.fault === "not-found")
        return refuse(context, "setup-code", { again: true, detail: `The App stands under ${list}.` });
      return refuse(context, "setup-github", { again: true, retry: true, detail: reason(error) });
    }
  }
  const { app } = progress;
  const page = `${appsUrl(githubWebUrl, app.ownerType === "Organization" ? app.owner : undefined)}/${app.slug}`;
  if (!isAllowed(options, app.owner)) {
    delete progress.app;
    delete progress.code;
    const detail = `The App was registered for ${app.owner}. Its credentials were thrown away; delete it under ${page}/advanced.`;
    return refuse(context, "setup-owner-not-allowed", { again: true, detail });
  }
  if (!progress.saved) {
    try {
      options.save(app);
      progress.saved = true;
    } catch (error) {
      options.failed("save", error);
      return refuse(context, "setup-not-saved", { retry: true, detail: reason(error) });
    }
  }
  try {
    await options.configured();
  } catch (error) {
    options.failed("start", error);
    return refuse(context, "setup-start", { detail: reason(error) });
  }
  return new Response(null, {
    status: 303,
    headers: { location: `${app.htmlUrl}/installations/new`, "cache-control": "no-store" },
  });
}

function isAllowed({ allowedOwners }: SetupOptions, owner: string): boolean {
  return allowedOwners.length === 0 || allowedOwners.includes(owner.toLowerCase());
}

/** One line for the person at the page, who is the operator. */
function reason(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "").slice(0, 300) : "Unknown error";
}
