import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectClusters } from "../../../src/adapters/kubernetes/clusters.ts";
import { KINDS } from "../../../src/model/kubernetes.ts";
import { expectFault, silent } from "../../contract/cluster-bench.ts";
import { SettableClock } from "../../contract/settable-clock.ts";
import { json, type ScriptedApi, scriptedApi, secretBody, statusBody, TOKEN } from "./scripted-api.ts";

let api: ScriptedApi;
beforeEach(async () => {
  api = await scriptedApi();
  api.answer = (_asked, response) => json(response, 200, secretBody("a", "1"));
});
afterEach(() => api.stop());

const ref = { kind: KINDS.secret, namespace: "ns", name: "a" };
const authorizations = () => api.asked.map(({ headers }) => headers.authorization);

/** A credential plugin: a program that prints what the API server wants to see. */
async function plugin(script: string): Promise<{ exec: { apiVersion: string; command: string } }> {
  const command = join(api.directory, "plugin");
  await writeFile(command, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  return { exec: { apiVersion: "client.authentication.k8s.io/v1", command } };
}
const prints = (token: string) =>
  `echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "${token}"}}'`;

describe("the credential of a cluster", () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ["a token", async () => ({ token: "t" }), "Bearer t"],
    ["a name and a password", async () => ({ username: "u", password: "p" }), `Basic ${btoa("u:p")}`],
    ["a plugin's token", () => plugin(prints("from-plugin")), "Bearer from-plugin"],
    [
      "a file's token, beside the kubeconfig",
      async () => {
        await writeFile(join(api.directory, "token"), "from-file");
        return { tokenFile: "token" };
      },
      "Bearer from-file",
    ],
  ])("is %s", async (_what, user, authorization) => {
    await api.writeKubeconfig(await user());
    await (await api.connect()).get(ref);
    expect(authorizations()).toEqual([authorization]);
  });

  test("that changed in its file is soon used", async () => {
    const clock = new SettableClock();
    const cluster = await api.connect({ clock });
    await cluster.get(ref);
    await api.writeKubeconfig({ token: "another-and-longer-one-than-before" });
    clock.advance(10_000);
    await cluster.get(ref);
    expect(authorizations()).toEqual([`Bearer ${TOKEN}`, "Bearer another-and-longer-one-than-before"]);
  });

  test("that is refused is read anew, once, also before a write", async () => {
    const cluster = await api.connect();
    await cluster.get(ref);
    await api.writeKubeconfig({ token: "next" });
    api.answer = ({ headers }, response) =>
      headers.authorization === "Bearer next"
        ? json(response, 200, secretBody("a", "1"))
        : json(response, 401, statusBody(401, "Unauthorized", "Unauthorized"));
    expect((await cluster.patch(ref, "merge", {}))?.metadata.name).toBe("a");
    expect(authorizations()).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`, "Bearer next"]);
    // A plugin is not asked again and again.
    api.answer = (_asked, response) => json(response, 401, statusBody(401, "Unauthorized", "Unauthorized"));
    for (let i = 0; i < 3; i++) await expectFault(cluster.get(ref), "forbidden", /Unauthorized/);
    expect(api.asked).toHaveLength(6);
  });

  test.each<[string, string, RegExp]>([
    ["fails", `echo ${TOKEN} >&2; exit 3`, /credential .* cannot be had/],
    ["prints something else", `echo not-json-${TOKEN}`, /credential .* cannot be had/],
    ["does not end", "exec sleep 5", /time-out/],
  ])("of a plugin that %s cannot be had; nothing that it said is told", async (_what, script, words) => {
    await api.writeKubeconfig(await plugin(script));
    const cluster = await api.connect({ timeoutMs: 300 });
    const error = await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } }).catch((e) => e);
    expect(error).toMatchObject({ name: "ClusterError", message: expect.stringMatching(words) });
    expect(`${error.stack} ${JSON.stringify(error)} ${error.cause} ${api.logged}`).not.toContain(TOKEN);
    expect(api.asked).toEqual([]);
  });
});

describe("a kubeconfig that will not do is said at the start", () => {
  const connect = (context?: string) =>
    connectClusters([{ name: "bed", ...(context === undefined ? {} : { context }) }], {
      kubeconfigPath: api.kubeconfigPath,
      clock: { now: Date.now },
      log: silent,
    });

  test("an unknown context, by its name", async () => {
    await expect(connect("elsewhere")).rejects.toThrow("no context elsewhere");
  });

  test("no TLS, unless it is meant", async () => {
    await api.writeKubeconfig({ token: "t" }, { "insecure-skip-tls-verify": false });
    await expect(connect()).rejects.toThrow("insecure-skip-tls-verify");
  });

  test("a file that is not there, or no kubeconfig", async () => {
    await writeFile(api.kubeconfigPath, "{}");
    await expect(connect()).rejects.toThrow("no current context");
    api.kubeconfigPath = join(api.directory, "missing");
    await expect(connect()).rejects.toThrow("ENOENT");
  });

  test("a certificate that nobody verifies is a warning", async () => {
    await api.connect();
    expect(api.logged).toEqual([expect.stringMatching(/^warn .*not verified/)]);
  });

  test("one that is broken while it is in use keeps no call from being answered in words", async () => {
    const clock = new SettableClock();
    const cluster = await api.connect({ clock });
    const good = await readFile(api.kubeconfigPath, "utf8");
    await appendFile(api.kubeconfigPath, "}}} :");
    clock.advance(10_000);
    await expectFault(cluster.get(ref), "forbidden", /credential/);
    await writeFile(api.kubeconfigPath, `${good}\n`);
    expect(await cluster.get(ref)).toBeDefined();
  });
});
