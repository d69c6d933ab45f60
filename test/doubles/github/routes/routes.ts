import { Router } from "../http/router.ts";
import { accountRoutes } from "./accounts.ts";
import { actionsRoutes } from "./actions.ts";
import { actionsSettingsRoutes } from "./actions-settings.ts";
import { activityRoutes } from "./activity.ts";
import { appManifestRoutes } from "./app-manifests.ts";
import { appRoutes } from "./apps.ts";
import { checkRoutes } from "./checks.ts";
import { codeScanningRoutes } from "./code-scanning.ts";
import { commitRoutes } from "./commits.ts";
import { contentRoutes } from "./contents.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { deploymentRoutes } from "./deployments.ts";
import { gitDataRoutes } from "./git-data.ts";
import { issueRoutes } from "./issues.ts";
import { metaRoutes } from "./meta.ts";
import { oauthRoutes } from "./oauth.ts";
import { protectionRoutes } from "./protection.ts";
import { pullRoutes } from "./pulls.ts";
import { repositoryRoutes } from "./repositories.ts";
import { reviewRoutes } from "./reviews.ts";
import { rulesetRoutes } from "./rulesets.ts";
import { signInRoutes } from "./sign-in.ts";
import { statusRoutes } from "./statuses.ts";
import { tokenServiceRoutes } from "./token-service.ts";
import { userInstallationRoutes } from "./user-installations.ts";

/** All routes. Of two that fit the one registered first answers, so those that end in a ref come after what lies below. */
export function createRouter(): Router {
  const router = new Router();
  for (const register of [
    metaRoutes,
    accountRoutes,
    oauthRoutes,
    signInRoutes,
    userInstallationRoutes,
    appRoutes,
    appManifestRoutes,
    deliveryRoutes,
    checkRoutes,
    statusRoutes,
    commitRoutes,
    contentRoutes,
    gitDataRoutes,
    pullRoutes,
    reviewRoutes,
    issueRoutes,
    protectionRoutes,
    rulesetRoutes,
    deploymentRoutes,
    actionsRoutes,
    actionsSettingsRoutes,
    codeScanningRoutes,
    tokenServiceRoutes,
    activityRoutes,
    repositoryRoutes,
  ]) {
    register(router);
  }
  return router;
}
