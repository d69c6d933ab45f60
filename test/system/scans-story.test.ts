import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import { scanFiles, startScanRunner } from "../stage/scan-runner.ts";
import { plantedKey } from "../stage/stage.ts";
import { deployment, type PreviewScene, previewed, setPreviewScene } from "./preview-scene.ts";
import { type Check, checks, concluded, newRepository, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

/** Every scan that there is, by the shipped workflow and Action, with a scanner of the team's own. */
const SCANS = `scan:
  sast: { tool: sarif }
  leaks: { tool: sarif }
  dependencies: { tool: sarif }
  iac: { tool: sarif }
  image: { tool: sarif, image: "ghcr.io/acme/web:{{head_sha}}" }
  dast: { tool: sarif }
  quality: { tool: sarif }
  agents: { paths: ["agents/"], mode: fail }
`;
const KINDS = ["agents", "dast", "dependencies", "iac", "image", "leaks", "quality", "sast", "secrets"];
const SAST = "hms/scan/sast";
const WAIVERS = ".github/hms-waivers.yml";

const startup = (health: number) =>
  `global_settings: {}\nagent_groups:\n  core:\n    a: { script_path: agents/a.py, port: 5000, health_check_port: ${health} }\n    b: { script_path: agents/b.py, port: 5001, health_check_port: 6001 }\n`;
const agentSource = "from base import BaseAgent\n\n\nclass Agent(BaseAgent):\n    pass\n";

const CLEAN: Record<string, string> = {
  "src/orders.js": "export const order = (id) => db.query('SELECT * FROM orders WHERE id = ?', [id]);\n",
  "shop.env": "SHOP_PASSWORD=\n",
  "package.json": '{ "dependencies": { "lodash": "4.17.21" } }\n',
  "infra/pod.yaml": "securityContext:\n  privileged: false\n",
  Dockerfile: "FROM node:24\n",
  "agents/base.py": "class BaseAgent:\n    pass\n",
  "agents/a.py": agentSource,
  "agents/b.py": agentSource,
  "agents/startup.yaml": startup(6000),
};
/** One flaw of each kind. */
const FLAWED: Record<string, string> = {
  "src/orders.js": `export const order = (id) => {
  debugger;
  return db.query("SELECT * FROM orders WHERE id = " + id);
};
`,
  "shop.env": "SHOP_PASSWORD=hunter\n",
  "package.json": '{ "dependencies": { "lodash": "4.17.4" } }\n',
  "infra/pod.yaml": "securityContext:\n  privileged: true\n",
  Dockerfile: "FROM node:8\n",
  "agents/startup.yaml": startup(6001),
  "deploy/web.yaml": deployment("ghcr.io/acme/unescaped:2"),
  "pay.env": `KEY=${plantedKey()}\n`,
};

let scene: PreviewScene;
const runners: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  scene = await setPreviewScene();
  const { github } = scene.stage;
  github.setVariable("acme", "HMS_URL", scene.stage.hms.url);
  runners.push(startScanRunner(github), startScanRunner(github));
});
afterAll(async () => {
  for (const runner of runners) await runner.close();
  await scene.close();
});

const gateOf = (pull: OpenedPull) => checks(scene.stage, pull.repository, pull.sha).at(-1);
const scanOf = (pull: OpenedPull, kind: string) =>
  checks(scene.stage, pull.repository, pull.sha, `hms/scan/${kind}`).at(-1);
/** The rules that deny in the gate's table. */
const denied = (gate: Check | undefined): string[] =>
  [...(gate?.output.summary ?? "").matchAll(/^\| ❌ \| `([\w-]+)`/gm)].map(([, rule = ""]) => rule).sort();

async function all(pull: OpenedPull, kinds = KINDS): Promise<Record<string, string | null | undefined>> {
  const read = () => Object.fromEntries(kinds.map((kind) => [kind, scanOf(pull, kind)?.conclusion]));
  await until(
    scene.stage,
    `all scans of ${pull.sha} are over: `,
    () => Object.values(read()).every((conclusion) => conclusion),
    120_000,
  ).catch((error: Error) => {
    const told = kinds.map(
      (kind) => `${kind}: ${scanOf(pull, kind)?.output.title} ${scanOf(pull, kind)?.output.summary}`,
    );
    throw new Error(`${told.join("\n")}\n${error.message}`);
  });
  return read();
}

async function repositoryWith(yml: string, files: Record<string, string>): Promise<RepositoryHandle> {
  const repository = await previewed(scene, yml);
  await scene.stage.github.commit(repository, "main", {
    files: { ...scanFiles(), ...files },
    author: "linus",
    message: "Scans",
  });
  return repository;
}

test("planted flaws of every kind are blocked by exactly the rules of their kinds, and their fix turns it green", async () => {
  const { stage } = scene;
  const repository = await repositoryWith(SCANS, CLEAN);
  const pull = await openPull(stage, repository, { files: FLAWED });
  const failed = await all(pull);
  expect(failed).toEqual(Object.fromEntries(KINDS.map((kind) => [kind, "failure"])));
  const rules = [
    ...KINDS.filter((kind) => kind !== "secrets").map((kind) => `no-${kind}-findings`),
    "no-high-findings",
  ];
  const gate = await until(stage, "the gate names them all", () => {
    const now = gateOf(pull);
    return denied(now).length === rules.length ? now : undefined;
  });
  expect(denied(gate)).toEqual(rules.sort());
  expect(gate.conclusion).toBe("failure");
  // Out of the history as well, as a secret is among them.
  const fixed = await stage.github.commit(repository, "mended", {
    files: {
      "src/orders.js": CLEAN["src/orders.js"] as string,
      "README.md": "# shop\n\nMended.\n",
      "agents/README.md": "Agents.\n",
    },
    author: "ada",
    message: "Orders",
    from: "main",
  });
  await stage.github.push(repository, pull.branch, fixed, { by: "ada", force: true });
  pull.sha = fixed;
  expect(await all(pull)).toEqual(Object.fromEntries(KINDS.map((kind) => [kind, "success"])));
  await concluded(stage, pull, "success");
});

const dayFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const waiving = (expires: string) =>
  `version: 1\nwaivers:\n  - { rule: sast/sql-injection, path: "src/**", reason: goes in spring, owner: acme/checkout, expires: ${expires} }\n`;

test("a waiver lets it pass once it is merged, is named, and blocks again when it has expired; a pull request that adds it has nothing of it", async () => {
  const { stage } = scene;
  const { github } = stage;
  const repository = await newRepository(stage, {
    ".github/hms.yml": "version: 1\nscan: { sast: { tool: sarif } }\n",
    "src/orders.js": CLEAN["src/orders.js"] ?? "",
  });
  const onMain = (files: Parameters<typeof github.commit>[2]["files"]) =>
    github.commit(repository, "main", { files, author: "linus", message: "Administer" });
  await onMain(scanFiles());
  const text = waiving(dayFromNow(20));
  const flaw = { "src/orders.js": 'export const order = (id) => db.query("SELECT 1 WHERE id = " + id);\n' };
  const pull = await openPull(stage, repository, { files: { ...flaw, [WAIVERS]: text } });
  await concluded(stage, pull, "failure", SAST);
  const refused = await concluded(stage, pull, "failure");
  expect(denied(refused)).toEqual(["no-sast-findings"]);
  expect(refused.output.summary).toContain("trusted-paths-admin-approval");
  expect(scanOf(pull, "sast")?.output.summary).toContain("proposes a waiver");

  await onMain({ [WAIVERS]: text });
  const other = await openPull(stage, repository, { files: flaw });
  const passed = await concluded(stage, other, "success", SAST);
  expect(passed.output.title).toContain("1 waived");
  expect(passed.output.summary).toContain(`until ${dayFromNow(20)}`.replaceAll("-", "\\-"));
  const green = await concluded(stage, other, "success");
  expect(green.output.summary).toContain("waived-findings");

  await onMain({ [WAIVERS]: waiving(dayFromNow(-1)) });
  const blocked = await until(stage, "the gate has heard of it", () => {
    const gate = gateOf(other);
    return gate?.conclusion === "failure" ? gate : undefined;
  });
  expect(denied(blocked)).toEqual(["no-sast-findings"]);
  const again = await concluded(stage, other, "failure", SAST);
  expect(again.output.summary).toContain("expired");
});
