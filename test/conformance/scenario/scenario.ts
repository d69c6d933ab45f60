import { actionsScenario } from "./actions.ts";
import { appScenario, installationScenario, manifestScenario } from "./apps.ts";
import { checkScenario } from "./checks.ts";
import { mergeQueueScenario } from "./merge-queue.ts";
import { pullScenario } from "./pulls.ts";
import { deploymentScenario, repositoryScenario } from "./repositories.ts";
import { userAccessScenario } from "./user-access.ts";
import { build, type Given } from "./world.ts";

/** A day in the life of a repository, touching every route and event of the double. */
export async function scenario(given: Given): Promise<void> {
  const world = await build(given);
  await appScenario(world);
  await manifestScenario(world);
  await userAccessScenario(world);
  await repositoryScenario(world);
  await deploymentScenario(world);
  await pullScenario(world);
  await checkScenario(world);
  await mergeQueueScenario(world);
  await actionsScenario(world);
  await installationScenario(world);
}
