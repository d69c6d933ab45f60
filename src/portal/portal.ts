import { type ApiParts, apiRoutes } from "./api/api.ts";
import { assetRoutes } from "./pages/assets.ts";
import { type DoctorPageOptions, doctorRoute } from "./pages/doctor.ts";
import { pageRoutes } from "./pages/pages.ts";
import type { PagesDeps } from "./pages/show.ts";
import { type ProbeOptions, probeRoutes } from "./probes.ts";
import type { Route } from "./route.ts";
import { type SignInOptions, signInRoutes } from "./session/sign-in.ts";
import { type InstalledOptions, installedRoute } from "./setup/installed.ts";

/** What the routes are made of, by package. */
export interface PortalParts {
  probes: ProbeOptions;
  installed: InstalledOptions;
  doctor: DoctorPageOptions;
  pages: PagesDeps;
  api: ApiParts;
  signIn: SignInOptions;
  /** Where scans report. */
  scans: readonly Route[];
}

/** Every route of the process but the webhook's, in one list: nothing else is mounted, and a test goes through all of them. */
export function portalRoutes(parts: PortalParts): Route[] {
  return [
    ...probeRoutes(parts.probes),
    ...assetRoutes(),
    installedRoute(parts.installed),
    doctorRoute(parts.doctor),
    ...pageRoutes(parts.pages),
    ...apiRoutes(parts.api),
    ...signInRoutes(parts.signIn),
    ...parts.scans,
  ];
}
