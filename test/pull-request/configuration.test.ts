import { expect, test } from "vitest";
import { type GitHub, GitHubError, type RepositoryApi } from "../../src/ports/github.ts";
import { configurationSource } from "../../src/pull-request/configuration.ts";

const REF = { id: 42, owner: "acme", name: "shop", defaultBranch: "main" };
const ENFORCED = "version: 1\norganisation:\n  enforce: [gate.approvals.count]\ngate:\n  approvals: { count: 1 }\n";

/** A source whose organisation's file is what `file` gives; `asked` counts. */
function source(file: () => Promise<string | undefined>, kept = new Map<string, unknown>()) {
  const asked = { times: 0 };
  const github = {
    repository: () => ({
      file: () => {
        asked.times++;
        return file();
      },
    }),
  } as unknown as GitHub;
  const memory = {
    get: async <T>(key: string) => (kept.has(key) ? { key, value: kept.get(key) as T, revision: 1 } : undefined),
    put: async (key: string, value: unknown) => kept.set(key, value).size,
    delete: async (key: string) => void kept.delete(key),
  };
  const api = (ref: typeof REF) => ({ ref, file: async () => undefined }) as unknown as RepositoryApi;
  return { configuration: configurationSource(github, () => 0, memory), api, asked };
}

test.each(["not-found", "refused"] as const)(
  "an organisation's repository that is %s has nothing to say",
  async (fault) => {
    const { configuration, api } = source(async () => {
      throw new GitHubError(fault, 404, "none");
    });
    expect(await configuration.read(7, api(REF))).toMatchObject({ valid: true });
  },
);

test("an organisation's file that may not be read is not taken for none", async () => {
  const { configuration, api } = source(async () => {
    throw new GitHubError("forbidden", 404, "the App may not read contents");
  });
  await expect(configuration.read(7, api(REF))).rejects.toThrow("may not read contents");
});

test("what is believed absent is asked for again once it is forgotten", async () => {
  let text: string | undefined;
  const { configuration, api, asked } = source(async () => text);
  await configuration.read(7, api(REF));
  text = ENFORCED;
  await configuration.read(7, api(REF));
  expect(asked.times).toBe(1);
  configuration.forget(7);
  expect(await configuration.read(7, api(REF))).toMatchObject({ config: { gate: { approvals: { count: 1 } } } });
});

test("what a proposal is laid over: the organisation's text, save in its own repository", async () => {
  const { configuration, api } = source(async () => ENFORCED);
  expect(await configuration.basis(7, api(REF))).toEqual({ organisationYml: ENFORCED, scope: "repository" });
  expect(await configuration.basis(7, api({ ...REF, name: ".github" }))).toEqual({
    organisationYml: undefined,
    scope: "organisation",
  });
});

test.each(["not-found", "refused"] as const)(
  "once in force, an organisation's file is unknown while its repository is %s, also after a restart; gone only when it is seen to be",
  async (fault) => {
    const kept = new Map<string, unknown>();
    let answer = async (): Promise<string | undefined> => ENFORCED;
    const before = source(() => answer(), kept);
    await before.configuration.read(7, before.api(REF));
    answer = async () => {
      throw new GitHubError(fault, 404, "none");
    };
    for (const { configuration, api } of [before, source(() => answer(), kept)])
      await expect(configuration.read(7, api(REF))).rejects.toThrow("cannot be read any more");
    const other = source(() => answer(), kept);
    expect(await other.configuration.read(8, other.api(REF))).toMatchObject({ valid: true });
    answer = async () => undefined;
    const after = source(() => answer(), kept);
    expect(await after.configuration.read(7, after.api(REF))).toMatchObject({ valid: true });
    expect(kept.size).toBe(0);
    answer = async () => {
      throw new GitHubError(fault, 404, "none");
    };
    after.configuration.forget(7);
    expect(await after.configuration.read(7, after.api(REF))).toMatchObject({ valid: true });
  },
);
