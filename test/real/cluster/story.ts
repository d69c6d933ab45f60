import { DatabaseSync } from "node:sqlite";
import { inject } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { queueStates } from "../../crash/crash-stage.ts";
import type { RepositoryHandle } from "../../doubles/github/github.ts";
import type { CheckRun, Stage, StageOptions } from "../../stage/stage.ts";
import { newRepository as another } from "../../system/scene.ts";
import { type Bed, type BedDescription, connectBed } from "../bed/connect.ts";
import { labelled, sweepAway } from "../bed/leftovers.ts";
import { setPreviewStage, webManifests } from "./scene.ts";

/** What the tests of whole previews share: people at GitHub, an administrator at the cluster, and HMS-SYS as a process between them. */

/** Longest wait for one condition. Most take a second or two; a namespace with pods takes ten to go. */
const WITHIN_MS = 60_000;

export interface Story {
  bed: Bed;
  stage: Stage;
  /** Removes what is left on the cluster, and ends everything. */
  close(): Promise<void>;
}

/** On the bed that all test files share, unless another is given. */
export async function setStory(
  options: StageOptions & { yml?: string } = {},
  description: BedDescription = inject("bed"),
): Promise<Story> {
  const bed = connectBed(description);
  const stage = await setPreviewStage(bed.hmsKubeconfig, options);
  return {
    bed,
    stage,
    async close() {
      await stage.close();
      await sweepAway(bed.api, stage.app.id);
      bed.api.close();
    },
  };
}

/** One more repository with a configuration of its own. */
export function newRepository(story: Story, yml: string): Promise<RepositoryHandle> {
  return another(story.stage, { ".github/hms.yml": yml, ...webManifests() });
}

/** Ends the process, changes what it wrote down, if it did, and starts it again. */
export async function changeRecord<T>(
  { stage }: Pick<Story, "stage">,
  key: string,
  change: (value: T) => T,
): Promise<void> {
  await stage.hms.kill("SIGTERM");
  const database = new DatabaseSync(`${stage.environment.HMS_DATA_DIR}/hms.db`);
  const before = database.prepare("SELECT value FROM records WHERE key = ?").get(key)?.value;
  if (typeof before === "string") {
    const after = JSON.stringify(change(JSON.parse(before) as T));
    database.prepare("UPDATE records SET value = ? WHERE key = ?").run(after, key);
  }
  database.close();
  await stage.restart();
}

export interface Opened {
  number: number;
  branch: string;
  sha: string;
  repository: RepositoryHandle;
}

let branches = 0;

/** A branch with a change, and a pull request for it by ada. */
export async function openPull(
  { stage }: Story,
  files: Record<string, string | null> = {},
  { draft = false, repository = stage.repository }: { draft?: boolean; repository?: RepositoryHandle } = {},
): Promise<Opened> {
  const branch = `change-${++branches}`;
  const sha = await stage.github.commit(repository, branch, {
    files: { [`${branch}.txt`]: "a change\n", ...files },
    author: "ada",
    message: `Change ${branch}`,
    from: "main",
  });
  const { number } = await stage.github.openPull(repository, { head: branch, base: "main", author: "ada", draft });
  return { number, branch, sha, repository };
}

/** One more commit on the pull request's branch. */
export async function push({ stage }: Story, pull: Opened, files: Record<string, string | null> = {}): Promise<string> {
  pull.sha = await stage.github.commit(pull.repository, pull.branch, {
    files: { [`${pull.branch}.txt`]: `${pull.sha}\n`, ...files },
    author: "ada",
    message: `More of ${pull.branch}`,
  });
  return pull.sha;
}

/** `hms/preview` of the pull request's head as GitHub shows it, once it is as wanted. */
export async function preview(
  { stage }: Story,
  { sha, repository }: Pick<Opened, "sha" | "repository">,
  wanted: (run: CheckRun) => boolean,
  name = "hms/preview",
  withinMs = WITHIN_MS,
): Promise<CheckRun> {
  const deadline = Date.now() + withinMs;
  let last: CheckRun | undefined;
  do {
    last = runs(stage, repository, sha, name).at(-1);
    if (last && wanted(last)) return last;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < deadline);
  throw new Error(
    `${name} at ${sha} did not become as wanted; last: ${JSON.stringify(last)}\n${stage.hms?.output().slice(-5000)}`,
  );
}

/** All our check runs of that name at a commit, oldest first. */
export function runs(stage: Stage, repository: RepositoryHandle, sha: string, name: string): CheckRun[] {
  return stage.github
    .checkRuns(repository, sha)
    .filter((run) => run.app?.id === stage.app.id && run.name === name)
    .sort((a, b) => Number(a.id) - Number(b.id)) as unknown as CheckRun[];
}

export const isGreen = ({ conclusion }: CheckRun): boolean => conclusion === "success";
export const isRed = ({ conclusion }: CheckRun): boolean => conclusion === "failure";

/** Everything that a check run says. */
export function words({ output }: CheckRun): string {
  return [output.title, output.summary, output.text].join("\n");
}

/** Comments of HMS-SYS under a pull request. */
export function comments({ stage }: Story, { number, repository }: Opened): string[] {
  return stage.github
    .comments(repository, number)
    .filter(({ author }) => author === stage.app.botLogin)
    .map(({ body }) => body);
}

export interface ShownDeployment {
  id: number;
  sha: string;
  environment: string;
  /** Oldest first. */
  statuses: { state: string; environment_url: string; log_url: string; description: string }[];
}

/** The deployments of a pull request as people read them, newest first. */
export async function deployments({ stage }: Story, { number, repository }: Opened): Promise<ShownDeployment[]> {
  const path = `/repos/${repository.fullName}/deployments`;
  const { body } = await stage.as("linus", "GET", `${path}?environment=${encodeURIComponent(`preview/pr-${number}`)}`);
  return Promise.all(
    (body as ShownDeployment[]).map(async (one) => ({
      ...one,
      statuses: (
        (await stage.as("linus", "GET", `${path}/${one.id}/statuses`)).body as ShownDeployment["statuses"]
      ).toReversed(),
    })),
  );
}

/** What an administrator's fresh list shows of an App's previews, or of one of them: `Namespace pr-shop-1-…`. */
export async function onCluster(
  { bed, stage }: Pick<Story, "bed" | "stage">,
  pull?: Pick<Opened, "number" | "repository">,
): Promise<string[]> {
  const objects = await listed(bed, stage.app.id, pull);
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
}

function listed(bed: Bed, appId: number, pull?: Pick<Opened, "number" | "repository">): Promise<KubeObject[]> {
  const one = pull ? `,hms-sys.dev/repository=${pull.repository.id},hms-sys.dev/pull=${pull.number}` : "";
  return labelled(bed.api, `hms-sys.dev/app=${appId}${one}`);
}

/** The namespace of a pull request's preview as the administrator sees it. */
export async function namespaceOf(story: Story, pull: Opened): Promise<KubeObject> {
  const found = (await listed(story.bed, story.stage.app.id, pull)).find(({ kind }) => kind === "Namespace");
  if (!found) throw new Error(`pull request ${pull.number} has no namespace`);
  return found;
}

/** An object in the namespace of a pull request's preview, by its path below it: `apps/v1 deployments/web`. */
export async function within<T = KubeObject>(story: Story, pull: Opened, path: string): Promise<T> {
  const { metadata } = await namespaceOf(story, pull);
  const [group = "", rest = ""] = path.split(" ");
  const base = group === "v1" ? "/api/v1" : `/apis/${group}`;
  return story.bed.api.call<T>("GET", `${base}/namespaces/${metadata.name}/${rest}`);
}

/** Resolves once the cluster shows nothing of the pull request any more. */
export async function gone(
  story: Story,
  pull: Pick<Opened, "number" | "repository">,
  withinMs = WITHIN_MS,
): Promise<void> {
  let left: KubeObject[] = [];
  await until(
    async () => {
      left = await listed(story.bed, story.stage.app.id, pull);
      return left.length === 0;
    },
    () => `left: ${left.map(held).join(", ")}\n${story.stage.hms.output().slice(-5000)}`,
    withinMs,
  );
}

/** An object with what it says of why it is still there. */
function held({ kind, metadata, status }: KubeObject): string {
  const { name, deletionTimestamp = "", finalizers = [] } = metadata;
  const { conditions = [] } = (status ?? {}) as { conditions?: { status?: string; message?: string }[] };
  const why = conditions.filter((one) => one.status === "True").map(({ message }) => message);
  return [`${kind} ${name}`, deletionTimestamp, ...finalizers, ...why].join(" ").trim();
}

export async function until(
  wanted: () => boolean | Promise<boolean>,
  message: () => string,
  withinMs = WITHIN_MS,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await wanted())) {
    if (Date.now() > deadline) throw new Error(message());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Resolves once nothing is being done or about to be. Previews are looked at again later, so that there always is something for later. */
export async function quiet({ stage }: Story): Promise<void> {
  await stage.github.deliveriesSettled();
  let calm = 0;
  await until(
    async () => {
      const { ready, leased } = await queueStates(stage);
      calm = ready === 0 && leased === 0 ? calm + 1 : 0;
      return calm === 4;
    },
    () => `HMS-SYS is at work all the time\n${stage.hms.output().slice(-5000)}`,
  );
}
