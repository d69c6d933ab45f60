import { type Stage, setStage } from "../../stage/stage.ts";
import { baseOf, type PlantedFlaw, play, WORKFLOW, WORKFLOW_PATH } from "../../system/scans-scene.ts";
import { concluded, openPull } from "../../system/scene.ts";

/** A shop with old debt, waivers, and two pull requests of which one brings new flaws. */
export interface FindingsShowcase {
  stage: Stage;
  /** Numbers in `acme/shop`. */
  pulls: { flawed: number; clean: number };
  close(): Promise<void>;
}

const WAIVERS = `version: 1
waivers:
  - rule: sast/weak-hash
    path: "legacy/**"
    reason: Old receipts keep their digests; nothing secret hangs on them.
    owner: acme/checkout
    expires: ${dayIn(40)}
  - rule: sast/open-redirect
    path: "legacy/**"
    reason: The old checkout goes in spring.
    owner: ada
    expires: ${dayIn(90)}
  - rule: sast/xml-entities
    path: "legacy/import/**"
    reason: The importer reads files of our own only.
    owner: linus
    expires: ${dayIn(-3)}
`;

const OLD: PlantedFlaw[] = [
  {
    message: "MD5 is no digest for anything that must not be forged.",
    rule: "weak-hash",
    path: "legacy/receipts.js",
    line: 14,
    text: "createHash('md5')",
    severity: "7.5",
  },
  {
    message: "MD5 is no digest for anything that must not be forged.",
    rule: "weak-hash",
    path: "legacy/orders.js",
    line: 41,
    text: "createHash('md5')",
    severity: "7.5",
  },
  {
    message: "The base image is taken by a tag, so that every build may have another one.",
    rule: "unpinned-image",
    path: "deploy/web/Dockerfile",
    line: 1,
    text: "FROM node",
    severity: "5.0",
  },
  {
    message: "The request to the warehouse waits without end.",
    rule: "missing-timeout",
    path: "src/warehouse.js",
    line: 22,
    text: "fetch(url)",
    severity: "3.1",
  },
];
const NEW: PlantedFlaw[] = [
  {
    message: "A text of the request becomes part of the SQL statement.",
    rule: "sql-injection",
    path: "src/prices.js",
    line: 2,
    text: "query(`SELECT ` + id)",
    severity: "9.8",
  },
  {
    message: "The address that is redirected to comes from the request.",
    rule: "open-redirect",
    path: "src/checkout.js",
    line: 9,
    text: "redirect(to)",
    severity: "7.2",
  },
  {
    message: "The stack of an error is sent to whoever asked.",
    rule: "verbose-errors",
    path: "src/prices.js",
    line: 5,
    text: "send(error.stack)",
    severity: "4.3",
  },
];

/**
 * Of the people grace operates and audits, as one of the team acme/platform.
 * @param debt so many flaws more that both the base and the pull requests have
 */
export async function findingsShowcase(debt = 0): Promise<FindingsShowcase> {
  const more = Array.from({ length: debt }, (_, at): PlantedFlaw => {
    const name = String(at).padStart(5, "0");
    return {
      message: "Compared with `==`, which converts types.",
      rule: "loose-equality",
      path: `src/pages/page-${name}.js`,
      line: 3,
      text: `a == ${name}`,
      severity: "2.0",
    };
  });
  const hms = "version: 1\nscan: { sast: { tool: sarif }, dependencies: { tool: sarif } }\n";
  const stage = await setStage({
    environment: { LOG_LEVEL: "warn", HMS_OPERATOR_TEAMS: "acme/platform", HMS_AUDITOR_TEAMS: "acme/platform" },
    files: { ".github/hms.yml": hms, ".github/hms-waivers.yml": WAIVERS, [WORKFLOW_PATH]: WORKFLOW },
  });
  const { github, repository: shop } = stage;
  for (const login of ["ada", "grace", "linus"]) github.setOrgMember("acme", login, "member");
  github.createTeam("acme", "platform", { members: ["grace"] });
  const old = [...OLD, ...more];
  const base = await baseOf(stage, shop);
  const flawed = await openPull(stage, shop, {
    author: "grace",
    title: "Read prices from the warehouse",
    files: { "src/prices.js": "1\nquery()\n3\n4\nsend()\n" },
  });
  await play(stage, shop, flawed.sha, [...old.slice(1), ...NEW]);
  await play(stage, shop, base, old);
  await concluded(stage, flawed, "failure", "hms/scan/sast");
  const clean = await openPull(stage, shop, { author: "ada", title: "Keep the cart for thirty days" });
  await play(stage, shop, clean.sha, old);
  await concluded(stage, clean, "success", "hms/scan/sast");
  return {
    stage,
    pulls: { flawed: flawed.number, clean: clean.number },
    close: () => stage.close(),
  };
}

function dayIn(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
