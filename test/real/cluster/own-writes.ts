import { afterAll, beforeAll, expect, inject } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type Answer, askerOf } from "./asker.ts";
import {
  ANYBODY,
  application,
  applicationSet,
  appProject,
  configMap,
  deployment,
  expectDone,
  freshSlug,
  HMS,
  labelsOf,
  makeAnybody,
  makePreview,
  marked,
  object,
  removePreview,
  secret,
  service,
} from "./preview-fixture.ts";

/** Two previews, a namespace of others, and objects of others beside Argo CD, for the tests of one file. */
export function ownWrites() {
  const bed = inject("bed");
  const argocd = bed.argocdNamespace;
  const slug = freshSlug();
  const neighbour = freshSlug();
  const other = `hms-test-${freshSlug()}`;
  const admin = askerOf(bed);
  const anybody = askerOf(bed, ANYBODY);
  const hms = askerOf(bed, HMS);
  const sync = askerOf(bed, `system:serviceaccount:${slug}:hms-sync`);

  const elsewhere: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: other } };
  const cluster = marked(object("v1", "Secret", argocd, `${other}-cluster`, { stringData: { server: "https://x" } }), {
    labels: { "argocd.argoproj.io/secret-type": "cluster" },
  });
  const theirs = marked(application(slug, argocd), { name: other, labels: {} });
  const theirProject = marked(appProject(slug, argocd), { name: other, labels: {}, finalizers: [] });

  beforeAll(async () => {
    await makeAnybody(bed);
    await makePreview(bed, slug, argocd);
    await makePreview(bed, neighbour, argocd);
    expectDone(await anybody.create(application(slug, argocd)), "Application");
    for (const made of [elsewhere, cluster, theirs, theirProject]) expectDone(await admin.create(made), made.kind);
    const made = [
      secret(slug, "theirs"),
      deployment(slug, "theirs"),
      configMap(slug, "theirs"),
      service(slug, "theirs"),
    ];
    for (const one of made) expectDone(await sync.create(one), one.kind);
  });
  afterAll(async () => {
    for (const made of [cluster, theirs, theirProject, elsewhere]) await admin.remove(made);
    for (const one of [slug, neighbour]) await removePreview(bed, one, argocd);
  });
  return {
    argocd,
    slug,
    neighbour,
    other,
    admin,
    anybody,
    hms,
    sync,
    elsewhere,
    cluster,
    theirs,
    theirProject,
    project: (spec: Record<string, unknown>) => () => hms.apply(specOf(appProject(slug, argocd), spec)),
    set: (spec: Record<string, unknown>) => () => hms.apply(specOf(applicationSet(slug, argocd), spec)),
    app: (patch: unknown) => () => hms.merge(application(slug, argocd), patch),
    applied: (made: KubeObject) => () => hms.apply(made),
    labelled: (made: KubeObject) => marked(made, { labels: labelsOf(slug) }),
  };
}

export type TokenAttack = [name: string, refusal: string | RegExp, attack: () => Promise<Answer>];

export const specOf = (made: KubeObject, spec: Record<string, unknown>): KubeObject => ({
  ...made,
  spec: { ...(made.spec as object), ...spec },
});

export const refused = async (refusal: string | RegExp, attack: () => Promise<Answer>) => {
  const { status, message } = await attack();
  expect(message).toMatch(refusal);
  expect([403, 404, 422]).toContain(status);
};
