import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { type SimulatedCluster, simulateCluster } from "../stage/simulated-cluster.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { webDeployment } from "../stage/web-deployment.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { checks, newRepository, type OpenedPull, until } from "./scene.ts";

/** What the tests of previews in memory share: the cluster with HMS-SYS beside it, and what an administrator sees on it. */

export interface PreviewScene {
  stage: Stage;
  simulated: SimulatedCluster;
  close(): Promise<void>;
}

/** With previews, in one file's tests; two pull requests each. */
const REPOSITORIES = 20;
let repositories = 0;

export async function setPreviewScene(): Promise<PreviewScene> {
  const names = [...Array(REPOSITORIES).keys()].flatMap((at) => [1, 2].map((number) => `pr-${number}-of-${at}`));
  const simulated = await simulateCluster(names);
  const stage = await setStage({ environment: simulated.environment });
  return {
    stage,
    simulated,
    async close() {
      await stage.close();
      await simulated.close();
    },
  };
}

export function deployment(image = "ghcr.io/acme/web:1"): string {
  return webDeployment(image);
}

/** A repository with previews of one component; `yml`: more lines below `preview`. */
export function previewed({ stage, simulated }: PreviewScene, yml = ""): Promise<RepositoryHandle> {
  const url = `http://pr-{{number}}-of-${repositories++}.preview.localhost:${simulated.ingressPort}`;
  return newRepository(stage, {
    ".github/hms.yml": `version: 1\npreview:\n  components: [{ name: web, path: deploy }]\n  url: "${url}"\n${yml}`,
    "deploy/web.yaml": deployment(),
  });
}

/** One more commit on the pull request's branch. */
export async function push(
  { stage }: PreviewScene,
  pull: OpenedPull,
  files: Record<string, string | null>,
): Promise<string> {
  const { repository, branch } = pull;
  pull.sha = await stage.github.commit(repository, branch, { files, author: "ada", message: `After ${pull.sha}` });
  return pull.sha;
}

/** What `hms/preview` says of the pull request's head, once that matches. */
export function says({ stage }: PreviewScene, pull: OpenedPull, wanted: RegExp, withinMs = WITHIN_MS): Promise<string> {
  const read = () => {
    const run = checks(stage, pull.repository, pull.sha, "hms/preview").at(-1);
    return run ? plain(`${run.conclusion ?? run.status} · ${run.output.title}\n${run.output.summary}`) : "";
  };
  const what = `hms/preview at ${pull.sha} says ${wanted}`;
  return until(stage, what, () => (wanted.test(read()) ? read() : undefined), withinMs).catch((error: Error) => {
    throw new Error(`hms/preview says ${read() || "nothing"}\n${error.message}`);
  });
}

const plain = (text: string): string => text.replaceAll(/[\u200b\\]/g, "");

/** Everything on the cluster that bears the labels of that pull request's preview, by kind. */
export function left(
  { simulated: { cluster } }: PreviewScene,
  pull: Pick<OpenedPull, "repository" | "number">,
): string[] {
  return [
    "namespaces",
    "applications",
    "applicationsets",
    "appprojects",
    "secrets",
    "serviceaccounts",
    "resourcequotas",
  ]
    .flatMap((plural) => cluster.objects(plural))
    .filter(({ metadata: { labels } }) => {
      const of = [labels?.["hms-sys.dev/repository"], labels?.["hms-sys.dev/pull"]];
      return of[0] === String(pull.repository.id) && of[1] === String(pull.number);
    })
    .map(({ kind }) => kind);
}

export async function gone(
  scene: PreviewScene,
  pull: Pick<OpenedPull, "repository" | "number">,
  withinMs = WITHIN_MS,
): Promise<void> {
  await until(scene.stage, "nothing is left", () => left(scene, pull).length === 0, withinMs).catch((error: Error) => {
    throw new Error(`left: ${left(scene, pull).join(", ")}\n${error.message}`);
  });
}

/** The pull request's namespace on the cluster. */
export function namespaceOf({ simulated: { cluster } }: PreviewScene, pull: OpenedPull) {
  const found = cluster
    .objects("namespaces")
    .find(
      ({ metadata: { labels } }) =>
        labels?.["hms-sys.dev/repository"] === String(pull.repository.id) &&
        labels["hms-sys.dev/pull"] === String(pull.number),
    );
  if (!found) throw new Error(`pull request ${pull.number} has no namespace`);
  return found;
}

/** What answers at the preview's address. */
export async function answer(scene: PreviewScene, pull: OpenedPull): Promise<string> {
  const host = namespaceOf(scene, pull).metadata.annotations?.["hms-sys.dev/hosts"] ?? "";
  // `fetch` sends no other host than that of its address.
  const asked = get({ host: "127.0.0.1", port: scene.simulated.ingressPort, headers: { host } });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return `${response.statusCode} ${await text(response)}`;
}
