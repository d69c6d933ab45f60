import { Router } from "../http/router.ts";
import { appRoutes } from "./apps.ts";
import { checkRoutes } from "./checks.ts";
import { commitRoutes } from "./commits.ts";
import { contentRoutes } from "./contents.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { gitDataRoutes } from "./git-data.ts";
import { pullRoutes } from "./pulls.ts";
import { repositoryRoutes } from "./repositories.ts";

/** All routes; of two that fit, the one registered first answers. */
export function createRouter(): Router {
  const router = new Router();
  appRoutes(router);
  deliveryRoutes(router);
  checkRoutes(router);
  commitRoutes(router);
  contentRoutes(router);
  gitDataRoutes(router);
  pullRoutes(router);
  repositoryRoutes(router);
  return router;
}
