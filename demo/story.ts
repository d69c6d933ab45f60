import { randomBytes } from "node:crypto";
import { crash } from "./crash.ts";
import { explained } from "./decisions.ts";
import { previews } from "./previews.ts";
import { scans } from "./scans.ts";
import { hold, plain, ruleRow, type Step, tells } from "./steps.ts";

const GATE = "hms/gate";
const SECRETS = "hms/scan/secrets";
const RULE = "no-critical-findings";
const FILE = "src/pay.js";
/** Where the key stands in {@link withKey}. */
const KEY_LINE = 3;

/** A key of a payment service's format that no account has. Made at run time: no scanner finds it in our own source. */
export function madeUpKey(): string {
  return `sk_${"live"}_${randomBytes(12).toString("hex")}`;
}

/** The story's pull request, handed from step to step. */
interface Thread {
  number: number;
  sha: string;
  gateTitle: string;
}

/** The story of a first day with HMS-SYS. Every step reads GitHub back and holds only if that is as it has to be. */
export function story(): Step[] {
  const pr: Thread = { number: 0, sha: "", gateTitle: "" };
  const key = madeUpKey();
  return [
    start,
    protect,
    leak(pr, key),
    blocked(pr),
    refused(pr),
    why(pr),
    deleted(pr),
    rewritten(pr),
    ...crash(madeUpKey),
    merged(pr),
    explained(() => pr.number),
    ...scans(),
    ...previews(),
    silent,
  ];
}

const start: Step = {
  name: "start",
  title: "GitHub (a double, on this machine) and HMS-SYS are up",
  async play({ stage }, observe) {
    const ready = await fetch(`${stage.hms.url}/readyz`);
    hold(ready.status === 200, `/readyz answered ${ready.status}`);
    observe("GitHub", `a double at ${stage.github.url}, real git behind it`);
    observe("HMS-SYS", `process ${stage.hms.pid} at ${stage.hms.url}, /readyz ${ready.status}`);
    observe("runs on", "SQLite, policies as WebAssembly, secret scan in the process");
  },
};

const protect: Step = {
  name: "protect",
  title: `main takes only what ${GATE} passes, and only our App's ${GATE} counts`,
  async play(scene, observe) {
    const { app } = scene.stage;
    await scene.ask("linus", "PUT", "/branches/main/protection", {
      required_status_checks: { strict: false, checks: [{ context: GATE, app_id: app.id }] },
      enforce_admins: true,
      required_pull_request_reviews: null,
      restrictions: null,
    });
    const read = await scene.ask<{ required_status_checks?: { checks: { context: string; app_id: number | null }[] } }>(
      "linus",
      "GET",
      "/branches/main/protection",
    );
    const checks = read.required_status_checks?.checks ?? [];
    const pinned = checks.some((check) => check.context === GATE && check.app_id === app.id);
    hold(pinned, `${GATE} is not pinned to App ${app.id}; GitHub requires ${JSON.stringify(checks)}`);
    observe("required", `${GATE}, App ${checks[0]?.app_id} (read back; ours is ${app.id})`);
  },
};

const leak = (pr: Thread, key: string): Step => ({
  name: "leak",
  title: "Ada opens a pull request; one of its lines holds a payment key",
  async play(scene, observe) {
    scene.keys.push(key);
    pr.sha = await scene.push("pay", { [FILE]: withKey(key) }, "Take payments", "main");
    const openedMs = performance.now();
    pr.number = await scene.openPull("pay", "Take payments");
    const scan = await scene.check(pr.sha, SECRETS, openedMs);
    hold(scan.conclusion === "failure", `${SECRETS} is ${scan.conclusion}`);
    const annotations = await scene.annotations(scan);
    const [first] = annotations;
    const placed = annotations.length === 1 && first?.path === FILE && first.start_line === KEY_LINE;
    hold(placed, `no single annotation at ${FILE}:${KEY_LINE}, but ${JSON.stringify(annotations)}`);
    observe("pull request", `#${pr.number} at ${pr.sha.slice(0, 7)}`);
    observe(SECRETS, `${scan.conclusion} · ${plain(scan.output.title)}`);
    observe("annotation", `${first.path}:${first.start_line}  ${plain(first.title)}`);
    observe("says", plain(first.message));
    observe("opened → scan ms", scan.ms);
  },
});

const blocked = (pr: Thread): Step => ({
  name: "blocked",
  title: "The gate closes, and says which rule, why, and what to do",
  async play(scene, observe) {
    const gate = await scene.check(pr.sha, GATE, performance.now());
    hold(gate.conclusion === "failure", `${GATE} is ${gate.conclusion}: ${gate.output.title}`);
    const row = ruleRow(gate.output.summary);
    hold(row?.rule === RULE, `the gate's table does not name ${RULE}: ${gate.output.summary}`);
    const line = `/hms override ${RULE} ${pr.sha} <reason>`;
    hold(gate.output.summary.split("\n").includes(line), `the line to paste is not there: ${line}`);
    pr.gateTitle = gate.output.title;
    observe(GATE, `${gate.conclusion} · ${plain(gate.output.title)}`);
    observe("rule", row.rule);
    observe("reason", row.why);
    observe("remedy", row.remedy.replace(/ Or let .*$/, ""));
    observe("line to paste", line);
  },
});

const refused = (pr: Thread): Step => ({
  name: "refused",
  title: "Grace presses the merge button, and GitHub refuses",
  async play(scene, observe) {
    const path = `${scene.path}/pulls/${pr.number}`;
    const answer = await scene.stage.as("grace", "PUT", `${path}/merge`, {});
    const { message = "" } = (answer.body ?? {}) as { message?: string };
    const pull = await scene.ask<{ merged: boolean }>("grace", "GET", `/pulls/${pr.number}`);
    const shut = answer.status === 405 && message.includes(GATE) && !pull.merged;
    hold(shut, `GitHub answered ${answer.status} "${message}" to the merge; merged: ${pull.merged}`);
    observe("GitHub", `${answer.status} · ${message}`);
    observe("merged", String(pull.merged));
  },
});

const why = (pr: Thread): Step => ({
  name: "why",
  title: "Grace comments /hms why, and gets an answer",
  async play(scene, observe) {
    const askedMs = performance.now();
    const comment = { body: "/hms why" };
    const { id } = await scene.ask<{ id: number }>("grace", "POST", `/issues/${pr.number}/comments`, comment, 201);
    const bot = scene.stage.app.botLogin;
    const answer = await until(async () =>
      (await scene.comments(pr.number)).find(({ user, body }) => user.login === bot && body.includes("hms-answer")),
    );
    hold(answer !== undefined, "nobody answered within 10 s");
    const ms = Math.round(performance.now() - askedMs);
    const reactions = await scene.ask<{ content: string }[]>("ada", "GET", `/issues/comments/${id}/reactions`);
    const says = plain(answer.body.split("\n")[0] ?? "");
    hold(says.startsWith(plain(pr.gateTitle)), `the answer is not the gate's: ${says}`);
    hold(reactions[0]?.content === "+1", `the reaction is ${reactions[0]?.content}`);
    observe(bot, says);
    observe("reaction", reactions[0].content);
    observe("asked → answered ms", ms);
  },
});

const deleted = (pr: Thread): Step => ({
  name: "deleted",
  title: "Ada deletes the line and pushes: still blocked, because the key is in the history",
  async play(scene, observe) {
    const pushedMs = performance.now();
    pr.sha = await scene.push("pay", { [FILE]: WITHOUT_KEY }, "Read the key from the environment");
    const gate = await scene.check(pr.sha, GATE, pushedMs);
    const scan = await scene.check(pr.sha, SECRETS, pushedMs);
    hold(gate.conclusion === "failure", `${GATE} is ${gate.conclusion} although the key is in the history`);
    const told = plain(scan.output.summary)
      .split("\n")
      .find((line) => line.includes("only in the history"));
    hold(told !== undefined, `${SECRETS} does not say that it is in the history: ${scan.output.summary}`);
    hold((await scene.annotations(scan)).length === 0, "a line that is gone is still annotated");
    observe(GATE, `${gate.conclusion} · ${plain(gate.output.title)}`);
    observe(SECRETS, told);
    observe("push → gate ms", gate.ms);
  },
});

const rewritten = (pr: Thread): Step => ({
  name: "rewritten",
  title: "Ada rewrites the branch without the key and force-pushes: green",
  async play(scene, observe) {
    const { github, repository } = scene.stage;
    const files = { [FILE]: WITHOUT_KEY };
    const sha = await scene.push("pay-rewritten", files, "Take payments", "main");
    const pushedMs = performance.now();
    await github.push(repository, "pay", sha, { by: "ada", force: true });
    await github.deleteBranch(repository, "pay-rewritten", "ada");
    pr.sha = sha;
    const gate = await scene.check(sha, GATE, pushedMs);
    const scan = await scene.check(sha, SECRETS, pushedMs);
    hold(gate.conclusion === "success", `${GATE} is ${gate.conclusion}: ${gate.output.title}`);
    hold(scan.conclusion === "success", `${SECRETS} is ${scan.conclusion}: ${scan.output.title}`);
    observe("head", sha.slice(0, 7));
    observe(GATE, `${gate.conclusion} · ${plain(gate.output.title)}`);
    observe(SECRETS, `${scan.conclusion} · ${plain(scan.output.title)}`);
    observe("push → gate ms", gate.ms);
  },
});

const merged = (pr: Thread): Step => ({
  name: "merged",
  title: "Grace presses the merge button again, and it is merged",
  async play(scene, observe) {
    const gate = await scene.check(pr.sha, GATE, performance.now());
    hold(gate.conclusion === "success", `${GATE} is ${gate.conclusion} after the restart`);
    const request = { sha: pr.sha };
    const answer = await scene.ask<{ sha: string; message: string }>(
      "grace",
      "PUT",
      `/pulls/${pr.number}/merge`,
      request,
    );
    const pull = await scene.ask<{ merged: boolean; state: string }>("grace", "GET", `/pulls/${pr.number}`);
    const main = await scene.ask<{ commit: { sha: string } }>("grace", "GET", "/branches/main");
    hold(pull.merged && main.commit.sha === answer.sha, `merged: ${pull.merged}, main at ${main.commit.sha}`);
    observe("GitHub", `200 · ${answer.message}`);
    observe("main", `${main.commit.sha.slice(0, 7)}, pull request #${pr.number} ${pull.state}`);
  },
});

const silent: Step = {
  name: "silent",
  title: "No key was printed anywhere: logs, checks, annotations, comments",
  async play(scene, observe) {
    const { github, repository } = scene.stage;
    const texts = new Map<string, string>([["the log of HMS-SYS", scene.log()]]);
    let runs = 0;
    for (const sha of scene.shas) {
      for (const run of github.checkRuns(repository, sha)) {
        const annotations = await scene.ask<object[]>("ada", "GET", `/check-runs/${run.id}/annotations`);
        texts.set(`${run.name} at ${sha.slice(0, 7)}`, JSON.stringify([run, annotations]));
        runs++;
      }
    }
    let comments = 0;
    for (const number of scene.numbers) {
      const found = await scene.comments(number);
      texts.set(`the comments of #${number}`, JSON.stringify(found));
      comments += found.length;
    }
    const told = [...texts].filter(([, text]) => scene.keys.some((key) => tells(text, key))).map(([where]) => where);
    hold(told.length === 0, `a key stands in ${told.join(", ")}`);
    hold(runs > 0 && scene.log().length > 0, "nothing was there to search");
    observe("searched", `${runs} check runs, ${comments} comments, ${Buffer.byteLength(scene.log())} bytes of log`);
    observe("keys found", `0 of ${scene.keys.length}`);
  },
};

function withKey(key: string): string {
  return `// Takes payments.\nexport const currency = "EUR";\nconst key = "${key}";\nexport const pay = (cents) => charge(key, cents);\n`;
}

const WITHOUT_KEY = `// Takes payments.\nexport const currency = "EUR";\nconst key = process.env.PAY_KEY;\nexport const pay = (cents) => charge(key, cents);\n`;

async function until<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  for (const deadlineMs = performance.now() + 10_000; performance.now() < deadlineMs; ) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return undefined;
}
