import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { CheckRun } from "../../stage/stage.ts";
import {
  deployments,
  isGreen,
  isRed,
  namespaceOf,
  type Opened,
  onCluster,
  openPull,
  preview,
  push,
  type Story,
  setStory,
  until,
  within,
  words,
} from "./story.ts";

/*
 * What keeps a preview from being healthy, each on the real Argo CD and scheduler: it is never green, and `hms/preview` names the object and
 * the cause. Argo CD itself says `Healthy` of most of them.
 */

let story: Story;
beforeAll(async () => {
  story = await setStory();
});
afterAll(() => story?.close());

interface Case {
  name: string;
  files: Record<string, string | null>;
  /** What the check says, besides not being green. */
  says: string[];
  /** Nothing is to be made of it at all. */
  made?: false;
}

const web = (container: string, pod = "", replicas = 1): Record<string, string> => ({
  "deploy/web/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
${pod}      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: web
          image: ghcr.io/acme/web:1
${container}`,
});
const SAFE = "          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }\n";
const manifest = (text: string): Record<string, string> => ({ "deploy/web/other.yaml": text });

const BROKEN = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other\n";

const CASES: Case[] = [
  { name: "broken YAML", files: manifest(BROKEN), says: ["other.yaml"] },
  {
    name: "a folder that is not there",
    files: { "deploy/web/deployment.yaml": null, "deploy/web/service.yaml": null },
    says: ["deploy/web", "is not a folder at this commit"],
    made: false,
  },
  {
    name: "a kind that previews may not hold",
    files: manifest("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: everything }\n"),
    says: ["ClusterRole everything", "not permitted"],
  },
  {
    name: "rights for its own workload",
    files: manifest(
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: mine }\nroleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit }\n",
    ),
    says: ["RoleBinding mine", "not permitted"],
  },
  {
    name: "another namespace",
    files: manifest("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: lost, namespace: kube-system }\n"),
    says: ["ConfigMap lost", "kube-system"],
  },
  {
    name: "a field that the schema does not know",
    files: manifest("apiVersion: v1\nkind: Service\nmetadata: { name: other }\nspec: { ports: [{ port: none }] }\n"),
    says: ["Service other"],
  },
  {
    name: "a misspelt field, which the API server leaves out",
    files: manifest(
      "apiVersion: v1\nkind: Service\nmetadata: { name: other }\nspec: { selectr: { app: web }, ports: [{ port: 80 }] }\n",
    ),
    says: ["Service other", "misspelt"],
  },
  {
    name: "Pod Security",
    files: web("          securityContext: { privileged: true }\n"),
    says: ["Deployment web", "violates PodSecurity", "privileged"],
  },
  {
    name: "its quota",
    files: web(`${SAFE}          resources: { requests: { cpu: "2" }, limits: { cpu: "2" } }\n`, "", 2),
    says: ["Deployment web", "exceeded quota", "hms-quota"],
  },
  {
    name: "a pod that no node takes",
    files: web(SAFE, "      nodeSelector: { nowhere: at-all }\n"),
    says: ["Deployment web", "node"],
  },
  { name: "no manifest at all", files: { ...none(), "deploy/web/README.md": "# Nothing\n" }, says: ["deploy/web"] },
];

function none(): Record<string, null> {
  return { "deploy/web/deployment.yaml": null, "deploy/web/service.yaml": null };
}

const normal = (run: CheckRun): string => words(run).replaceAll(/[\\\u200b]/g, "");

async function statesAt(pull: Opened, sha = pull.sha): Promise<string[]> {
  const ofCommit = (await deployments(story, pull)).filter((one) => one.sha === sha);
  return ofCommit.flatMap(({ statuses }) => statuses.map(({ state }) => state));
}

describe("never green", () => {
  const pulls = new Map<string, Promise<Opened>>();
  // Side by side: Argo CD tries each of them three times before it gives up.
  beforeAll(async () => {
    for (const { name, files } of CASES) pulls.set(name, openPull(story, files));
    await Promise.all(pulls.values());
  });

  test.each(CASES)("$name", async ({ name, says, made }) => {
    const pull = (await pulls.get(name)) as Opened;
    const said = await preview(story, pull, (run) => says.every((part) => normal(run).includes(part)));
    expect(said.conclusion).not.toBe("success");
    expect(await statesAt(pull)).not.toContain("success");
    if (made === false) expect(await onCluster(story, pull)).toEqual([]);
  });

  test.each([
    "a kind that previews may not hold",
    "a misspelt field, which the API server leaves out",
    "Pod Security",
    "its quota",
    "another namespace",
  ])("%s is told to be a failure", async (name) => {
    const pull = (await pulls.get(name)) as Opened;
    await preview(story, pull, isRed);
    await until(
      async () => (await statesAt(pull)).at(-1) === "failure",
      () => "GitHub's environment does not show the failure",
    );
    expect(await statesAt(pull)).not.toContain("success");
  });

  test("and a push that puts it right is green", async () => {
    const pull = (await pulls.get("Pod Security")) as Opened;
    await push(story, pull, web(SAFE));
    await preview(story, pull, isGreen);
  });
});

test("a commit that fails is not green by what the one before it left healthy", async () => {
  const pull = await openPull(story);
  await preview(story, pull, isGreen);
  const healthy = pull.sha;
  await push(story, pull, manifest(BROKEN));
  const said = await preview(story, pull, (run) => normal(run).includes("other.yaml"));
  expect(said.conclusion).not.toBe("success");
  expect(await statesAt(pull)).not.toContain("success");
  expect(await statesAt(pull, healthy)).toContain("success");
  expect((await within(story, pull, "apps/v1 deployments/web")).status).toMatchObject({ availableReplicas: 1 });
});

test("an image that cannot be pulled: the container, the image and why", async () => {
  const pull = await openPull(story, web(SAFE, "      nodeSelector: { nowhere: at-all }\n"));
  await until(
    () =>
      pods(pull).then(
        ({ length }) => length === 1,
        () => false,
      ),
    () => "no pod was made",
  );
  const message = 'Back-off pulling image "ghcr.io/acme/web:1"';
  // KWOK pulls nothing, so the administrator says what a kubelet would.
  await say(pull, {
    phase: "Pending",
    containerStatuses: [
      {
        name: "web",
        image: "ghcr.io/acme/web:1",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: "ImagePullBackOff", message } },
      },
    ],
  });
  const said = await preview(story, pull, (run) => normal(run).includes("ImagePullBackOff"));
  expect(said.conclusion).toBe("failure");
  for (const part of ["Deployment web", "Container web", "ghcr.io/acme/web:1"]) expect(normal(said)).toContain(part);
  expect(await statesAt(pull)).not.toContain("success");
});

test("healthy once and broken since: red at the same commit, and green again by itself", async () => {
  const pull = await openPull(story);
  await preview(story, pull, isGreen);
  await say(pull, { conditions: [{ type: "Ready", status: "False" }] });
  await preview(story, pull, isRed);
  await say(pull, { conditions: [{ type: "Ready", status: "True" }] });
  await preview(story, pull, isGreen);
});

test("a push behind a hook that never ends is deployed all the same", async () => {
  const pull = await openPull(
    story,
    manifest(`apiVersion: batch/v1
kind: Job
metadata: { name: hangs, annotations: { argocd.argoproj.io/hook: PreSync } }
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      nodeSelector: { nowhere: at-all }
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: hangs
          image: ghcr.io/acme/hangs:1
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`),
  );
  await until(
    () => within(story, pull, "batch/v1 jobs/hangs").then(Boolean, () => false),
    () => "the hook was never begun",
  );
  const { uid } = (await namespaceOf(story, pull)).metadata;
  await push(story, pull, { "deploy/web/other.yaml": null });
  await preview(story, pull, isGreen);
  expect((await namespaceOf(story, pull)).metadata.uid).toBe(uid);
});

test("a sync that failed is tried again by itself once its cause is gone", async () => {
  const pull = await openPull(story);
  await preview(story, pull, isGreen);
  const lock = await lockOut((await namespaceOf(story, pull)).metadata.name, "one-more");
  await push(story, pull, manifest("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one-more }\n"));
  const red = await preview(story, pull, isRed);
  for (const part of ["ConfigMap one-more", "not today"]) expect(normal(red)).toContain(part);
  await lock.open();
  await preview(story, pull, isGreen);
});

/** An administrator lets nobody make a ConfigMap of that name, until they do. */
async function lockOut(namespace: string, configMap: string): Promise<{ open(): Promise<void> }> {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const policy: KubeObject = {
    apiVersion,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: `locked-${namespace}` },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      },
      validations: [{ expression: `object.metadata.name != '${configMap}'`, message: "not today" }],
    },
  };
  const binding: KubeObject = {
    apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: policy.metadata,
    spec: { policyName: policy.metadata.name, validationActions: ["Deny"] },
  };
  const { api } = story.bed;
  await api.apply([policy, binding]);
  const path = `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`;
  const tried = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: configMap } };
  // It takes effect a moment after it is there.
  await until(
    () =>
      api.call("POST", path, tried).then(
        () => false,
        (error: unknown) => String(error).includes("not today"),
      ),
    () => "the policy never took effect",
  );
  return {
    async open() {
      for (const one of [binding, policy]) await api.call("DELETE", await api.path(one));
    },
  };
}

interface Pod {
  metadata: { name: string; namespace: string };
}

async function pods(pull: Opened): Promise<Pod[]> {
  return (await within<{ items: Pod[] }>(story, pull, "v1 pods")).items;
}

/** What a kubelet would say of the pods. */
async function say(pull: Opened, status: object): Promise<void> {
  for (const { metadata } of await pods(pull)) {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
    await story.bed.api.call("PATCH", path, { status }, "application/strategic-merge-patch+json");
  }
}
