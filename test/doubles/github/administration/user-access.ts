import { accountShape } from "../shapes/account.ts";
import type { Site } from "../site.ts";
import { type AppRef, accountNamed, appNamed } from "./lookup.ts";

/** What people decide about Apps that act for them. */
export function userAccessAdministration(site: Site) {
  return {
    /**
     * Somebody takes their authorisation of an App back: its tokens end, and it hears of it.
     * https://docs.github.com/webhooks/webhook-events-and-payloads#github_app_authorization
     */
    revokeAuthorization(appRef: AppRef, login: string): void {
      const app = appNamed(site, appRef);
      const user = accountNamed(site, login);
      if (!site.state.userAccesses.revoke(app, user)) return;
      const payload = { action: "revoked", sender: accountShape(site.url, user) };
      site.webhooks.enqueue({ app, event: "github_app_authorization", payload });
    },

    /** A token as an App gets it once somebody signed in: for tests of what it may do. */
    userAccessToken(appRef: AppRef, login: string): string {
      const app = appNamed(site, appRef);
      const user = accountNamed(site, login);
      return site.state.userAccesses.issue(site.now(), app, user).accessToken;
    },
  };
}
