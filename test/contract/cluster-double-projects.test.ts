import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClusterDouble, startCluster } from "../doubles/cluster/cluster.ts";

let cluster: ClusterDouble;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const PROJECTS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects";
const APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
const project = () => cluster.objects("appprojects", "argocd").find(({ metadata }) => metadata.name === "one");

test("a project that is deleted stays as long as an Application names it, and goes then", async () => {
  const admin = cluster.as({ name: "admin", groups: ["system:masters"] });
  cluster.install({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "one", namespace: "argocd", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
    spec: {},
  });
  cluster.install({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "web", namespace: "argocd" },
    spec: { project: "one", source: { repoURL: "http://127.0.0.1:1/x.git", path: "." }, destination: {} },
  });
  admin.call("DELETE", `${PROJECTS}/one`);
  // What the controller has done by the time that it answers for this one, it would have done to the other.
  cluster.install({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "two", namespace: "argocd", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
    spec: {},
  });
  admin.call("DELETE", `${PROJECTS}/two`);
  await expect.poll(() => cluster.objects("appprojects").map(({ metadata }) => metadata.name)).not.toContain("two");
  expect(project()?.metadata.deletionTimestamp).toBeDefined();
  admin.call("DELETE", `${APPLICATIONS}/web`);
  await expect.poll(project).toBeUndefined();
});
