import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { z } from "zod";
import { formatKey } from "../../model/key.ts";
import type { ScanRun } from "../../model/scan.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Engine } from "../../ports/engine.ts";
import type { AnnouncedAnalysis } from "../../ports/quality-server.ts";
import { SecretError } from "../../ports/secrets.ts";
import { problem } from "../problem.ts";
import type { Route } from "../route.ts";

export interface SonarQubeWebhookDeps {
  engine: Pick<Engine, "records" | "queue">;
  /** Rejects with a {@link SecretError} where it is not to be had. */
  secret(): Promise<string>;
}

/** Each condition of a quality gate takes some 150 bytes. */
const BODY_BYTES_MAX = 256 * 1024;
/** Repositories that hold the same commit. */
const PLACES_MAX = 100;

/** https://docs.sonarsource.com/sonarqube-server/project-administration/webhooks/ */
const payload = z.object({
  taskId: z.string().max(100),
  status: z.string().max(40),
  revision: z
    .string()
    .regex(/^[0-9a-fA-F]{40}$/)
    .transform((text) => text.toLowerCase())
    .optional(),
  analysedAt: z.string().max(60).optional(),
  project: z.object({ key: z.string().regex(/^[A-Za-z0-9_.:-]{1,400}$/) }),
  branch: z.object({ name: z.string().max(400), type: z.string().max(40) }).optional(),
});

/** Where a SonarQube server tells that it has analysed something. What it found is asked of the server itself. */
export function sonarQubeRoute({ engine, secret }: SonarQubeWebhookDeps): Route {
  return {
    method: "POST",
    path: "/api/v1/sonarqube",
    access: "public",
    maxBodyBytes: BODY_BYTES_MAX,
    summary: "Takes SonarQube's word that it has analysed a commit, so that it is asked what it found.",
    async handler(context) {
      const signature = context.req.header("x-sonar-webhook-hmac-sha256") ?? "";
      if (!/^[0-9a-f]{64}$/.test(signature)) return problem("sonarqube-signature");
      const body = new Uint8Array(await context.req.raw.arrayBuffer());
      const key = await secret().catch((error: unknown) => {
        if (error instanceof SecretError) return undefined;
        throw error;
      });
      if (key === undefined) return problem("sonarqube-secret");
      const expected = createHmac("sha256", key).update(body).digest();
      if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) return problem("sonarqube-signature");
      const read = payload.safeParse(jsonOf(body));
      if (!read.success) return problem("sonarqube-payload");
      return taken(context, await lookAgain(engine, read.data));
    },
  };
}

function taken(context: Context, looks: number): Response {
  return context.json({ looks }, 202);
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** @returns at how many places the commit is looked at again */
async function lookAgain(
  { records, queue }: SonarQubeWebhookDeps["engine"],
  { taskId, status, revision: sha, analysedAt, project, branch }: z.infer<typeof payload>,
): Promise<number> {
  // Of a task that failed before it knew the commit.
  if (sha === undefined) return 0;
  const analysedAtMs = Date.parse(analysedAt ?? "");
  // Of a branch's analysis the server tells by itself which commit it is of.
  if (status === "SUCCESS" && branch?.type === "PULL_REQUEST" && Number.isFinite(analysedAtMs)) {
    const announced: AnnouncedAnalysis = { pullRequest: branch.name, analysedAtMs };
    await records.put(storageKey.qualityAnnounced(sha, project.key), announced);
  }
  const places = await records.list(storageKey.qualityAwaitedOf(sha));
  for (const place of places.slice(0, PLACES_MAX)) {
    const [installationId = 0, repositoryId = 0] = place.key.split("/").slice(-2).map(Number);
    const at = [installationId, repositoryId, sha, "quality"] as const;
    const state = (await records.get<ScanRun>(storageKey.scanRun(...at)))?.value.state.is;
    const isLive = state === undefined || state === "running";
    // What came to an end without an answer, or with one that holds no more, is asked for anew.
    await Promise.all([
      ...(isLive ? [] : [records.put(storageKey.scanAgain(...at), { by: `sonarqube/${taskId.slice(0, 100)}` })]),
      queue.enqueue(formatKey({ kind: "scan", installationId, repositoryId, sha })),
    ]);
  }
  return Math.min(places.length, PLACES_MAX);
}
