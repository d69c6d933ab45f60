import type { RepositoryHandle } from "../../doubles/github/github.ts";
import { PERMISSIONS, plantedKey, type Stage, setStage } from "../../stage/stage.ts";
import { concluded, idle, openPull, until } from "../../system/scene.ts";

/** A shop's pull requests in every state, as people would find them on a working day. */
export interface Showcase {
  stage: Stage;
  shop: RepositoryHandle;
  /** Numbers in `acme/shop`. */
  pulls: { ready: number; waiting: number; blocked: number; draft: number; undecided: number; merged: number[] };
  /** Number in `acme/infrastructure`, which is in shadow mode. */
  shadow: number;
  close(): Promise<void>;
}

const CONFIGURATION = `version: 1
gate:
  approvals:
    count: 1
  overrides:
    - rule: no-high-findings
      permission: admin
`;

const MERGED = [
  "Show prices with tax",
  "Round discounts to cents",
  "Send receipts as PDF",
  "Sort the catalogue by stock",
  "Log payment time-outs",
  "Translate the checkout",
];

/** The people: ada and grace write, linus administrates; grace also operates and audits, as one of the team acme/platform. */
export async function showcase(): Promise<Showcase> {
  const stage = await setStage({
    files: { ".github/hms.yml": CONFIGURATION },
    environment: {
      HMS_OPERATOR_TEAMS: "acme/platform,acme-labs/platform",
      HMS_AUDITOR_TEAMS: "acme/platform",
      LOG_LEVEL: "warn",
    },
  });
  const { github, repository: shop } = stage;
  for (const login of ["ada", "grace", "linus"]) github.setOrgMember("acme", login, "member");
  github.createTeam("acme", "platform", { members: ["grace"] });

  let changed = 0;
  const open = async (title: string, author: string, text = "export {};\n", draft = false, repository = shop) => {
    const files = { [`src/change-${++changed}.ts`]: text };
    const pull = await openPull(stage, repository, { author, files, title, draft, message: title });
    return pull;
  };
  const approved = async (title: string, author: string, alsoBy?: string) => {
    const pull = await open(title, author);
    await concluded(stage, pull, "action_required");
    if (alsoBy) github.review(shop, pull.number, { author: alsoBy, state: "APPROVED" });
    github.review(shop, pull.number, { author: "linus", state: "APPROVED" });
    await concluded(stage, pull, "success");
    // Every approval is among the facts before the next step.
    await idle(stage);
    return pull;
  };

  const merged: number[] = [];
  for (const [at, title] of MERGED.entries()) {
    const pull = await (at % 2 === 0 ? approved(title, "ada", "grace") : approved(title, "grace"));
    const { status } = await stage.as("linus", "PUT", `/repos/${shop.fullName}/pulls/${pull.number}/merge`, {});
    if (status !== 200) throw new Error(`not merged: ${status}`);
    merged.push(pull.number);
  }
  const ready = await approved("Keep the cart for thirty days", "ada");
  const waiting = await open("Ask for the tax number at checkout", "ada");
  await concluded(stage, waiting, "action_required");
  github.comment(shop, waiting.number, { author: "linus", body: "/hms hold until the accountants answer" });
  const blocked = await open(
    "Read prices from the warehouse",
    "grace",
    `export const key = "${plantedKey()}";\nexport const table = "prices";\n`,
  );
  await concluded(stage, blocked, "failure");
  const draft = await open("Try another payment provider", "ada", undefined, true);
  await concluded(stage, draft, "action_required");

  const infrastructure = await github.createRepository("acme", "infrastructure", {
    files: { ".github/hms.yml": "version: 1\ngate:\n  mode: shadow\n  approvals:\n    count: 1\n" },
  });
  for (const login of ["ada", "grace", "linus"]) github.setCollaborator(infrastructure, login, "write");
  const shadow = await open("Renew the certificates", "linus", "renewed: true\n", false, infrastructure);
  await concluded(stage, shadow, "action_required", "hms/gate-shadow");
  const payments = await github.createRepository("acme", "payments", {
    files: {
      ".github/hms.yml": "version: 1\ngate:\n  approvals:\n    code_owners: true\n",
      CODEOWNERS: "* @acme/platform\n",
    },
  });
  for (const login of ["ada", "grace"]) github.setCollaborator(payments, login, "write");
  const owned = await open("Pay out twice a week", "ada", "payouts: 2\n", false, payments);
  await concluded(stage, owned, "action_required");
  await partlyGone(stage);
  await idle(stage);

  // Last: what cannot be read holds nobody else up.
  const next = Math.max(draft.number, blocked.number) + 1;
  github.fault({
    path: new RegExp(`^/repos/acme/shop/pulls/${next}/reviews`),
    status: 404,
    body: { message: "Not Found" },
  });
  const undecided = await open("Count visitors without cookies", "ada");
  if (undecided.number !== next) throw new Error("another number");
  await until(stage, "the undecided pull request is told why it waits", () =>
    github
      .checkRuns(shop, undecided.sha)
      .some((run) => run.name === "hms/gate" && run.output.title?.startsWith("Not decided yet")),
  );
  return {
    stage,
    shop,
    pulls: {
      ready: ready.number,
      waiting: waiting.number,
      blocked: blocked.number,
      draft: draft.number,
      undecided: undecided.number,
      merged,
    },
    shadow: shadow.number,
    close: () => stage.close(),
  };
}

/** An organisation that has not granted all that the App asks for, and a repository that was deleted. */
async function partlyGone({ github, app }: Stage): Promise<void> {
  const { deployments: _, ...granted } = PERMISSIONS ?? {};
  github.createOrg("acme-labs", { members: ["grace"] });
  github.createTeam("acme-labs", "platform", { members: ["grace"] });
  const own = await github.createRepository("acme-labs", "experiments", { files: { "README.md": "experiments\n" } });
  github.setCollaborator(own, "grace", "write");
  github.install(app, "acme-labs", { permissions: granted });
  const old = await github.createRepository("acme", "prototypes", { files: { "README.md": "prototypes\n" } });
  await github.deliveriesSettled();
  github.deleteRepository(old);
}
