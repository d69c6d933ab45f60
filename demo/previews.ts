import { webDeployment } from "../test/stage/web-deployment.ts";
import { everythingOf, opened } from "./cluster.ts";
import type { Scene } from "./stage.ts";
import { hold, plain, type Step } from "./steps.ts";

const CHECK = "hms/preview";
const GATE = "hms/gate";
const FILE = "deploy/web.yaml";

interface DeploymentStatus {
  state: string;
  environment_url: string;
}

/** The pull request whose preview is followed from its beginning to its end. */
interface Previewed {
  number: number;
  address: string;
  /** Of the namespace, which has to stay the same. */
  uid: string;
}

/** A preview's life on a simulated cluster, and a fork's, which begins when somebody says so. */
export function previews(): Step[] {
  const pr: Previewed = { number: 0, address: "", uid: "" };
  return [previewed(pr), moved(pr), broken(pr), gone(pr), fork];
}

const previewed = (pr: Previewed): Step => ({
  name: "previewed",
  title: "Ada changes what is deployed, and her pull request gets a namespace of its own with an address",
  async play(scene, observe) {
    const sha = await scene.push("web", { [FILE]: webDeployment("ghcr.io/acme/shop:2") }, "Shop 2", "main");
    const openedMs = performance.now();
    pr.number = await scene.openPull("web", "Shop 2");
    const check = await settled(scene, sha, openedMs);
    hold(check.conclusion === "success", `${CHECK} is ${check.conclusion}: ${check.output.title}`);
    pr.address = addressIn(check.output.title);
    const answer = await opened(pr.address);
    hold(answer.status === 200 && answer.says.includes("shop:2"), `${pr.address} answers ${told(answer)}`);
    const objects = await everythingOf(scene.stage.simulated, scene.previewOf(pr.number));
    const namespace = objects.find(({ kind }) => kind === "Namespace");
    hold(namespace !== undefined, `no namespace of #${pr.number} is on the cluster`);
    pr.uid = namespace.metadata.uid;
    const environment = `preview/pr-${pr.number}`;
    const [deployment] = await scene.ask<{ id: number }[]>("ada", "GET", `/deployments?environment=${environment}`);
    hold(deployment !== undefined, `GitHub shows no environment ${environment}`);
    const statuses = await until(async () => {
      const all = await scene.ask<DeploymentStatus[]>("ada", "GET", `/deployments/${deployment.id}/statuses`);
      return all[0]?.state === "success" && all;
    });
    const link = statuses?.[0]?.environment_url;
    hold(link === pr.address, `the environment ${environment} links to ${link}`);
    const said = await until(async () => (await comment(scene, pr.number))?.includes("Preview: Healthy"));
    hold(said === true, `the comment says: ${await comment(scene, pr.number)}`);
    const gate = await scene.check(sha, GATE, openedMs);
    hold(gate.conclusion === "success", `${GATE} is ${gate.conclusion}: ${gate.output.title}`);
    observe("cluster", "simulated: a Kubernetes API in memory, with an Argo CD; no container runs");
    observe("pull request", `#${pr.number} at ${sha.slice(0, 7)}`);
    observe(CHECK, `${check.conclusion} · ${plain(check.output.title)}`);
    observe("the address says", told(answer));
    observe("on the cluster", `${namespace.metadata.name}: ${counted(objects)}`);
    observe("on GitHub", `environment ${environment} and one comment, both with the address`);
    observe(GATE, `${gate.conclusion} · ${plain(gate.output.title)} (it waits for the preview)`);
    observe("opened → green ms", check.ms);
  },
});

const moved = (pr: Previewed): Step => ({
  name: "moved",
  title: "She pushes: the same namespace moves to the new commit",
  async play(scene, observe) {
    const pushedMs = performance.now();
    const sha = await scene.push("web", { [FILE]: webDeployment("ghcr.io/acme/shop:3") }, "Shop 3");
    const check = await settled(scene, sha, pushedMs);
    hold(check.conclusion === "success", `${CHECK} is ${check.conclusion}: ${check.output.title}`);
    const answer = await opened(pr.address);
    hold(answer.says.includes("shop:3"), `${CHECK} is green, but ${pr.address} answers ${told(answer)}`);
    const objects = await everythingOf(scene.stage.simulated, scene.previewOf(pr.number));
    const namespace = objects.find(({ kind }) => kind === "Namespace");
    hold(namespace?.metadata.uid === pr.uid, "the namespace is not the same one");
    observe(CHECK, `${check.conclusion} at ${sha.slice(0, 7)}`);
    observe("the address says", told(answer));
    observe("namespace", `${namespace.metadata.name}, still the same (uid ${pr.uid.slice(0, 8)})`);
    observe("push → green ms", check.ms);
  },
});

const broken = (pr: Previewed): Step => ({
  name: "broken",
  title: "She breaks a manifest: red at once, with the reason in one line",
  async play(scene, observe) {
    const pushedMs = performance.now();
    const sha = await scene.push(
      "web",
      { [FILE]: webDeployment("ghcr.io/acme/shop:4").replace("replicas: 2", "replicas: [2") },
      "Shop 4",
    );
    const check = await settled(scene, sha, pushedMs);
    hold(check.conclusion === "failure", `${CHECK} is ${check.conclusion}: ${check.output.title}`);
    const reason = reasonIn(check.output.summary);
    hold(reason !== undefined, `${CHECK} does not say why: ${check.output.summary}`);
    const gate = await scene.check(sha, GATE, pushedMs);
    hold(gate.conclusion === "failure", `${GATE} is ${gate.conclusion}: ${gate.output.title}`);
    const answer = await opened(pr.address);
    observe(CHECK, `${check.conclusion} at ${sha.slice(0, 7)}`);
    observe("reason", reason.why);
    observe("where", reason.where);
    observe(GATE, gate.conclusion ?? "");
    observe("the address says", `${told(answer)} (the commit before stays, and counts for nothing)`);
  },
});

const gone = (pr: Previewed): Step => ({
  name: "gone",
  title: "She closes the pull request: nothing is left, as the cluster's administrator sees",
  async play(scene, observe) {
    const of = scene.previewOf(pr.number);
    const before = await everythingOf(scene.stage.simulated, of);
    hold(before.length > 0, "nothing was there to be removed");
    const closedMs = performance.now();
    await scene.ask("ada", "PATCH", `/pulls/${pr.number}`, { state: "closed" });
    await until(async () => (await everythingOf(scene.stage.simulated, of)).length === 0);
    const ms = Math.round(performance.now() - closedMs);
    const left = await everythingOf(scene.stage.simulated, of);
    hold(left.length === 0, `still there after ${Math.round(ms / 1000)} s: ${counted(left)}`);
    const removed = await until(async () => (await comment(scene, pr.number))?.startsWith("⚪ Preview: Removed"));
    hold(removed === true, `the comment says: ${await comment(scene, pr.number)}`);
    const { status } = await opened(pr.address);
    hold(status === 404, `${pr.address} still answers ${status}`);
    observe("before", counted(before));
    observe("left", "0 objects");
    observe("the address says", status);
    observe("the comment says", (await comment(scene, pr.number)) ?? "");
    observe("closed → gone ms", ms);
  },
});

const fork: Step = {
  name: "fork",
  title: "Mallory offers a change from a fork: nothing runs before somebody lets that very commit",
  async play(scene, observe) {
    const { sha, number } = await scene.offerFromFork(FILE, webDeployment("ghcr.io/acme/shop:5"));
    const awaited = await settled(scene, sha, performance.now());
    hold(awaited.conclusion === "action_required", `${CHECK} is ${awaited.conclusion}: ${awaited.output.title}`);
    const line = `/hms ok-to-test ${sha}`;
    hold(awaited.output.summary.includes(line), `the line to paste is not there: ${line}`);
    await scene.say("mallory", number, line);
    const refusal = await until(async () =>
      (await scene.comments(number)).find(({ body }) => body.includes("hms-answer")),
    );
    hold(refusal !== undefined, "nobody answered Mallory");
    const early = await everythingOf(scene.stage.simulated, scene.previewOf(number));
    hold(early.length === 0, `it is there before anybody said so: ${counted(early)}`);
    observe("pull request", `#${number} at ${sha.slice(0, 7)}, from mallory/shop-fork`);
    observe(CHECK, `${awaited.conclusion} · ${plain(awaited.output.title)}`);
    observe("line to paste", line);
    observe("pasted by mallory", plain(refusal.body.split("\n")[0] ?? ""));
    const saidMs = performance.now();
    await scene.say("grace", number, line);
    const green = await until(async () => {
      const check = await settled(scene, sha, saidMs);
      return check.conclusion === "success" ? check : undefined;
    });
    hold(green !== undefined, `${CHECK} did not become green`);
    const address = addressIn(green.output.title);
    const answer = await opened(address);
    hold(answer.says.includes("shop:5"), `${address} answers ${told(answer)}`);
    scene.preview = { number, address };
    observe("pasted by grace", `${green.conclusion} · ${plain(green.output.title)}`);
    observe("the address says", told(answer));
    observe("ends", "with the next push, which waits for a line of its own");
    observe("said → green ms", green.ms);
  },
};

/** `hms/preview` once it waits for nobody but people. */
const settled = (scene: Scene, sha: string, sinceMs: number) => scene.check(sha, CHECK, sinceMs, 30_000);

function addressIn(title: string): string {
  const address = /http:\S+/.exec(plain(title))?.[0];
  hold(address !== undefined, `${CHECK} names no address: ${title}`);
  return address;
}

const told = ({ status, says }: { status: number; says: string }): string => `${status} · ${says}`;

/** `Namespace, 2 Pods, …` */
function counted(objects: readonly { kind: string }[]): string {
  const kinds = new Map<string, number>();
  for (const { kind } of objects) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [...kinds].map(([kind, count]) => (count === 1 ? kind : `${count} × ${kind}`)).join(", ");
}

/** The first cause in the check's table. */
function reasonIn(summary: string): { why: string; where: string } | undefined {
  const row = summary.split("\n").find((line) => line.startsWith("| ❌"));
  const [, , why, where] = row?.split(/(?<!\\)\|/).map((cell) => plain(cell)) ?? [];
  return why && where ? { why, where } : undefined;
}

/** What the one comment about the preview begins with. */
async function comment(scene: Scene, number: number): Promise<string | undefined> {
  const bodies = (await scene.comments(number)).map(({ body }) =>
    body.split("\n").find((line) => line.startsWith("### ")),
  );
  const [title] = bodies.flatMap((line) => (line?.includes("Preview: ") ? [plain(line.slice(4))] : []));
  return title;
}

async function until<T>(read: () => Promise<T | undefined | false>): Promise<T | undefined> {
  for (const deadlineMs = performance.now() + 20_000; performance.now() < deadlineMs; ) {
    const value = await read();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return undefined;
}
