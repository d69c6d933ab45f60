import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Answer, askerOf, NO_RIGHT } from "./asker.ts";
import { bindingToAdmin, fenceAttacks } from "./fence-attacks.ts";
import { manifestAttacks } from "./manifest-attacks.ts";
import {
  ANYBODY,
  application,
  claim,
  configMap,
  expectDone,
  freshSlug,
  makeAnybody,
  makePreview,
  object,
  podSpec,
  removePreview,
  secret,
} from "./preview-fixture.ts";

/*
 * What the manifests of a pull request, and people with all rights, cannot do in a preview: attacks on the real API server with the
 * shipped rights and policies. `sync` is whom Argo CD impersonates, `anybody` may do everything as far as RBAC is concerned.
 */
const bed = inject("bed");
const argocd = bed.argocdNamespace;
const slug = freshSlug();
const neighbour = freshSlug();
const admin = askerOf(bed);
const anybody = askerOf(bed, ANYBODY);
const sync = askerOf(bed, `system:serviceaccount:${slug}:hms-sync`);

beforeAll(async () => {
  await makeAnybody(bed);
  await makePreview(bed, slug, argocd);
  await makePreview(bed, neighbour, argocd);
  expectDone(await anybody.create(application(slug, argocd)), "Application");
  expectDone(await sync.create(secret(slug, "plain")), "Secret");
  expectDone(await sync.create(claim(slug, "unbound")), "claim");
});
afterAll(async () => {
  for (const one of [slug, neighbour]) await removePreview(bed, one, argocd);
});

const FENCES = fenceAttacks(slug);
const MANIFESTS = manifestAttacks(slug);
const binding = bindingToAdmin(slug);
const quota = object("v1", "ResourceQuota", slug, "hms-quota", {});

const refusedIn = ({ status, message }: Answer, refusal: string | RegExp) => {
  expect(message).toMatch(refusal);
  expect([403, 422]).toContain(status);
};

describe("people with all rights", () => {
  test.each([...FENCES, ...MANIFESTS])("%s", async (_name, refusal, attack) => {
    refusedIn(await attack(anybody), refusal);
  });

  test("an administrator is no exception", async () => {
    refusedIn(await admin.create(binding), "only HMS-SYS writes rolebindings");
    refusedIn(await admin.remove(quota), "only HMS-SYS writes resourcequotas");
  });

  test("Argo CD never gets the finalizer by which it would run a PostDelete hook with all of its rights", async () => {
    const set = { metadata: { finalizers: ["post-delete-finalizer.argocd.argoproj.io"] } };
    const controller = askerOf(bed, ANYBODY);
    refusedIn(await controller.merge(application(slug, argocd), set), "no hooks for its own deletion");
  });

  test("a ServiceAccount of the same name elsewhere has no exception either", async () => {
    const twin = askerOf(bed, "system:serviceaccount:default:hms-sys");
    refusedIn(await twin.create(binding), NO_RIGHT);
  });
});

describe("the manifests of a pull request", () => {
  test.each(FENCES)("%s", async (_name, _refusal, attack) => {
    refusedIn(await attack(sync), NO_RIGHT);
  });

  test.each(MANIFESTS)("%s", async (_name, refusal, attack) => {
    refusedIn(await attack(sync), refusal);
  });

  test.each([
    ["an object", configMap(neighbour, "visitor")],
    ["a Pod", object("v1", "Pod", neighbour, "visitor", { spec: podSpec() })],
    ["an Application", application(slug, argocd)],
  ])("%s in another preview, or beside Argo CD", async (_name, made) => {
    refusedIn(await sync.create(made), NO_RIGHT);
  });

  test("another preview's Secrets", async () => {
    refusedIn(await sync.read(secret(neighbour, "hms-pull")), NO_RIGHT);
  });
});
