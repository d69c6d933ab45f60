import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { signedIn, type Visitor } from "../stage/visitor.ts";
import { baseOf, type PlantedFlaw, play, scanned } from "./scans-scene.ts";
import { concluded, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

interface Item {
  kind: string;
  rule: string;
  state: string;
  path?: string;
  fingerprint: string;
  url?: string;
  pulls: { number: number }[];
  waiver?: { owner: string; line: number };
}

const old: PlantedFlaw = { rule: "old-eval", path: "src/old.js", text: "eval(x)" };
const fresh: PlantedFlaw = { rule: "new-eval", path: "src/new.js", text: "eval(y)" };
const HMS = "version: 1\nscan: { sast: { tool: sarif } }\n";

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** After she was given the repository: what somebody sees is asked of GitHub when they come. */
const adaComes = (): Promise<Visitor> => signedIn(stage.hms.url, stage.github.url, stage.token("ada"));

async function asked<T>(who: Visitor, path: string): Promise<T> {
  const { status, text } = await who.request(`${stage.hms.url}/api/v1${path}`, {
    headers: { accept: "application/json" },
  });
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  return JSON.parse(text) as T;
}

const listed = async (who: Visitor, query: string): Promise<Item[]> =>
  (await asked<{ items: Item[] }>(who, `/findings?${query}`)).items;

test("a flaw is found, waived on the default branch, and gone: the portal tells it from the first to the last", async () => {
  const repository = await scanned(stage);
  for (const login of ["ada", "linus"]) stage.github.setCollaborator(repository, login, "admin");
  const ada = await adaComes();
  const base = await baseOf(stage, repository);
  const pull = await openPull(stage, repository, { files: { "src/new.js": "eval(y)\n" } });
  await play(stage, repository, pull.sha, [old, fresh]);
  await play(stage, repository, base, [old]);
  await concluded(stage, pull, "failure", "hms/scan/sast");
  const query = `owner=${repository.owner}&repository=${repository.name}`;
  const found = await listed(ada, query);
  expect(found.map(({ rule, state }) => [rule, state])).toEqual([
    ["sast/new-eval", "new"],
    ["sast/old-eval", "unchanged"],
  ]);
  const { fingerprint = "", url = "" } = found[0] ?? {};
  expect(url).toMatch(new RegExp(`/blob/${pull.sha}/src/new.js#L1$`));
  const scans = await asked<{ scans: { kind: string; status: string }[] }>(
    ada,
    `/pulls/${repository.fullName}/${pull.number}/scans`,
  );
  expect(scans.scans).toMatchObject([
    { kind: "secrets", status: "completed" },
    {
      kind: "sast",
      status: "completed",
      url: expect.stringContaining("/actions/runs/"),
      requestedAtMs: expect.any(Number),
    },
  ]);

  // The very text that the portal offers is merged.
  const one = await asked<{ waiver: string }>(ada, `/findings/${repository.fullName}/${fingerprint}`);
  await stage.github.commit(repository, "main", {
    files: { ".github/hms.yml": HMS, ".github/hms-waivers.yml": `version: 1\nwaivers:\n${one.waiver}\n` },
    author: "linus",
    message: "Waive it",
  });
  await concluded(stage, pull, "success", "hms/scan/sast");
  const waived = await listed(ada, `${query}&state=waived`);
  expect(waived).toMatchObject([{ rule: "sast/new-eval", waiver: { owner: "ada", line: 3 } }]);
  const waivers = await asked<{ items: { waivers: object[] }[] }>(ada, `/waivers?${query}`);
  expect(waivers.items[0]?.waivers).toMatchObject([{ state: "in-use", findings: 1, pulls: [pull.number] }]);

  const fixed = await stage.github.commit(repository, pull.branch, {
    files: { "src/new.js": "safe(y)\n" },
    author: "ada",
    message: "Mend it",
  });
  await play(stage, repository, fixed, [old]);
  await concluded(stage, { repository, sha: fixed }, "success", "hms/scan/sast");
  const past = await asked<{ standing: boolean; history: { what: string; sha: string }[] }>(
    ada,
    `/findings/${repository.fullName}/${fingerprint}`,
  );
  expect(past.standing).toBe(false);
  expect(past.history.map(({ what, sha }) => [what, sha])).toEqual([
    ["found", pull.sha],
    ["waived", pull.sha],
    ["gone", fixed],
  ]);

  await stage.as("ada", "PATCH", `/repos/${repository.fullName}/pulls/${pull.number}`, { state: "closed" });
  await until(stage, "its lists are gone", async () => (await listed(ada, query)).length === 0 || undefined);
});

test("a secret that was found is shown masked, and only to who sees the repository", async () => {
  const repository = await scanned(stage, "{ secrets: {} }");
  stage.github.setCollaborator(repository, "ada", "write");
  const ada = await adaComes();
  const key = plantedKey();
  const pull = await openPull(stage, repository, { files: { "src/pay.js": `export const key = "${key}";\n` } });
  await concluded(stage, pull, "failure", "hms/scan/secrets");
  const query = `owner=${repository.owner}&repository=${repository.name}`;
  const [found] = await listed(ada, query);
  expect(found).toMatchObject({ kind: "secrets", path: "src/pay.js", state: "new", pulls: [{ number: pull.number }] });
  const pages = [
    "/findings",
    `/findings/${repository.fullName}/${found?.fingerprint}`,
    `/pulls/${repository.fullName}/${pull.number}/scans`,
    `/api/v1/findings?${query}`,
    `/api/v1/findings/${repository.fullName}/${found?.fingerprint}`,
  ];
  for (const path of pages) {
    const { status, text } = await ada.request(`${stage.hms.url}${path}`);
    expect(status, path).toBe(200);
    expect(text, path).not.toContain(key);
  }
});
