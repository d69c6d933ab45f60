import type { Scene } from "./stage.ts";
import { hold, type Step } from "./steps.ts";

/** Opened while the process lives; it is killed as soon as some of them were accepted. */
const BEFORE_KILL = 9;
/** Opened when it is dead: GitHub cannot deliver these. */
const AFTER_KILL = 3;
const ACCEPTED_BEFORE_KILL = 4;
/** Every such one leaks a key too: a verdict has to be right after the crash, not only there. */
const LEAKS_EVERY = 5;

/** A gate that takes longer is one whose call to GitHub was under way at the kill. */
const CUT_OFF_MS = 9_000;
const CUT_OFF =
  "the kill cut its call to GitHub off; HMS-SYS gives GitHub ten seconds to finish it before it writes again, so that no check is posted twice";

interface Opened {
  number: number;
  sha: string;
  leaks: boolean;
}

/** Twelve pull requests at once, SIGKILL in their middle, and the start after it. */
export function crash(newKey: () => string): Step[] {
  const opened: Opened[] = [];
  return [killed(opened, newKey), recovered(opened)];
}

const killed = (opened: Opened[], newKey: () => string): Step => ({
  name: "killed",
  title: "Twelve pull requests arrive at once, and HMS-SYS is killed with SIGKILL in their middle",
  async play(scene, observe) {
    const heads = await Promise.all(
      Array.from({ length: BEFORE_KILL + AFTER_KILL }, async (_, i) => {
        const leaks = i % LEAKS_EVERY === LEAKS_EVERY - 1;
        const key = leaks ? newKey() : "";
        if (leaks) scene.keys.push(key);
        const files = { [`src/item-${i}.js`]: `export const item = "${leaks ? key : i}";\n` };
        return { branch: `item-${i}`, leaks, sha: await scene.push(`item-${i}`, files, `Item ${i}`, "main") };
      }),
    );
    await scene.stage.github.deliveriesSettled();
    const open = async ({ branch, leaks, sha }: (typeof heads)[number]) => {
      opened.push({ number: await scene.openPull(branch, `Burst: ${branch}`), sha, leaks });
    };
    const storm = Promise.all(heads.slice(0, BEFORE_KILL).map(open));
    await inTheMiddle(scene, opened);
    const { pid } = scene.stage.hms;
    const end = await scene.kill();
    hold(end === "SIGKILL", `the process ended with ${end}`);
    await storm;
    for (const head of heads.slice(BEFORE_KILL)) await open(head);
    await scene.stage.github.deliveriesSettled();
    const { accepted, failed, acceptedIds } = deliveries(scene);
    const gates = opened.filter(({ sha }) => gatesAt(scene, sha).length > 0).length;
    hold(accepted + failed === heads.length, `GitHub lists ${accepted + failed} deliveries of ${heads.length}`);
    hold(failed >= AFTER_KILL, `only ${failed} deliveries failed`);
    hold(gates < heads.length, "all gates were set before the kill");
    const kept = await scene.knownOnDisk(acceptedIds);
    hold(kept === accepted, `${accepted} deliveries were accepted, the store knows ${kept}`);
    observe("killed", `process ${pid}, by id, while ${BEFORE_KILL} pull requests were being opened`);
    observe("accepted (202)", `${accepted} of ${heads.length}; all ${kept} of them are on disk`);
    observe("never delivered", `${failed}, as GitHub's own delivery list shows`);
    observe("gates set so far", gates);
  },
});

const recovered = (opened: Opened[]): Step => ({
  name: "recovered",
  title: "Started again: none is lost",
  async play(scene, observe) {
    const startedMs = performance.now();
    const { acceptedShas } = deliveries(scene);
    await scene.start();
    observe("HMS-SYS", `process ${scene.stage.hms.pid}, ready after ${Math.round(performance.now() - startedMs)} ms`);
    const check = async ({ number, sha, leaks }: Opened) => {
      const gate = await scene.check(sha, "hms/gate", startedMs, 30_000);
      const { conclusion, output } = gate;
      const wanted = leaks ? "failure" : "success";
      hold(conclusion === wanted, `#${number}: hms/gate is ${conclusion}, not ${wanted}: ${output.title}`);
      return { number, late: gate.ms > CUT_OFF_MS };
    };
    const late = (await Promise.all(opened.map(check))).filter((one) => one.late);
    const blocked = opened.filter(({ leaks }) => leaks).length;
    const ms = Math.round(performance.now() - startedMs);
    const doubled = opened.filter(({ sha }) => gatesAt(scene, sha).length !== 1).map(({ number }) => `#${number}`);
    hold(doubled.length === 0, `more than one hms/gate run: ${doubled.join(", ")}`);
    const accepted = opened.filter(({ sha }) => acceptedShas.includes(sha)).length;
    observe("from the store", `${accepted} accepted deliveries acted on`);
    observe("by the sweep", `${opened.length - accepted} pull requests found that no delivery told of`);
    observe(
      "gates",
      `${opened.length} of ${opened.length}: ${opened.length - blocked} green, ${blocked} blocked for their keys, none doubled`,
    );
    if (late.length > 0) observe("last", `${late.map(({ number }) => `#${number}`).join(", ")}: ${CUT_OFF}`);
    observe("start → all gates ms", ms);
  },
});

/** Some were accepted, and the first gate is set. */
async function inTheMiddle(scene: Scene, opened: Opened[]): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  const begun = () =>
    deliveries(scene).accepted >= ACCEPTED_BEFORE_KILL && opened.some(({ sha }) => gatesAt(scene, sha).length > 0);
  while (!begun()) {
    hold(performance.now() < deadlineMs, "HMS-SYS took no delivery of the burst within 10 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** GitHub's list of what it tried to deliver about the burst's pull requests. */
function deliveries({ stage }: Scene): {
  accepted: number;
  failed: number;
  acceptedShas: string[];
  acceptedIds: string[];
} {
  const about = stage.github
    .deliveries(stage.app)
    .filter(({ event, action }) => event === "pull_request" && action === "opened")
    .map(({ body, guid, outcome }) => {
      const { pull_request: pull } = JSON.parse(body) as { pull_request: { title: string; head: { sha: string } } };
      return { ours: pull.title.startsWith("Burst: "), sha: pull.head.sha, id: guid, status: outcome?.statusCode };
    })
    .filter(({ ours, status }) => ours && status !== undefined);
  const accepted = about.filter(({ status }) => status === 202);
  return {
    accepted: accepted.length,
    failed: about.length - accepted.length,
    acceptedShas: accepted.map(({ sha }) => sha),
    acceptedIds: accepted.map(({ id }) => id),
  };
}

function gatesAt({ stage }: Scene, sha: string) {
  return stage.github.checkRuns(stage.repository, sha).filter(({ name }) => name === "hms/gate");
}
