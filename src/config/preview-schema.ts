import { z } from "zod";
import { readPattern } from "../model/path-pattern.ts";
import { problemOfCidr } from "./cidr.ts";
import { parseDurationMs } from "./duration.ts";
import { component, jobImage, path, printable, problemOfUrl } from "./preview-component.ts";
import { writtenQuantity } from "./quantity.ts";

/*
 * The key `preview` of hms.yml. What stands in it becomes part of Kubernetes objects, so every text is held to the letters that its place can take:
 * no template, no path out of the source, no address of the cloud's own.
 */

const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9-]{0,99}\/[A-Za-z0-9_.-]{1,100}$/;
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;

/** The days after which a preview has to be asked for again, at most. */
export const LONGEST_PREVIEW_MS = 30 * 24 * 3_600_000;
const SHORTEST_MS = 60_000;

/** A check whose message depends on the value. */
function told<S extends z.ZodType<string>>(schema: S, problem: (text: string) => string | undefined): S {
  return schema.superRefine((text, context) => {
    const message = problem(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });
}

function inRange(text: string): boolean {
  const ms = parseDurationMs(text);
  return ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_PREVIEW_MS;
}

const NO_DURATION = "this is no time from `1m` to `30d`, with the unit `m`, `h` or `d`";

function quantity(most: string, least: number, sort: "cores" | "bytes") {
  const example = sort === "cores" ? "`2` or `500m`" : "`4Gi`";
  return z.string().refine(
    (text) => {
      const value = writtenQuantity(text);
      if (value === undefined || (sort === "bytes" && text.endsWith("m"))) return false;
      return value >= least && value <= (writtenQuantity(most) ?? 0n);
    },
    { error: `this is no quantity such as ${example}, ${most} at most` },
  );
}

const quota = z
  .strictObject({
    cpu: quantity("64", 0.01, "cores")
      .optional()
      .meta({ description: "Cores of all its pods together.", default: "2" }),
    memory: quantity("512Gi", 1, "bytes").optional().meta({ description: "Memory of all its pods.", default: "4Gi" }),
    storage: quantity("2Ti", 0, "bytes")
      .optional()
      .meta({ description: "Storage of all its volumes.", default: "10Gi" }),
    pods: z.int().min(1).max(500).optional().meta({ description: "How many pods.", default: 20 }),
  })
  .meta({ description: "What one preview may use; its namespace's quota." });

const place = z
  .strictObject({
    provider: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,49}$/, "this is no provider such as `aws`")
      .optional()
      .meta({ description: "Whose cluster: `aws`, `azure`." }),
    region: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,49}$/, "this is no region such as `eu-central-1`")
      .optional()
      .meta({ description: "Where it stands." }),
    max_cost: z.number().min(0).max(1_000_000).optional().meta({
      description: "What it may cost an hour, in the operator's currency.",
    }),
    latency_to: z
      .strictObject({
        place: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "this is no place as the operator names it")
          .meta({ description: "A place that the operator knows the latency to." }),
        ms: z.number().min(0).max(10_000).meta({ description: "Round-trip time to it at most, in ms." }),
      })
      .optional()
      .meta({ description: "How near it must be." }),
  })
  .meta({ description: "What is asked of the cluster, in place of `clusters`; it is chosen by HMS-SYS." });

const labels = z
  .array(
    z
      .string()
      .max(50)
      .refine((text) => text !== "" && printable(text), { error: "this is no name of a label" }),
  )
  .max(20);

const when = z
  .strictObject({
    draft: z.boolean().optional().meta({ description: "Whether drafts get a preview too.", default: false }),
    paths: z
      .array(
        z.string().refine((text) => readPattern(text) !== undefined, {
          error: "this is no pattern that can be read: no `!`, no `[…]`, and `\\` only before a blank",
        }),
      )
      .max(100)
      .optional()
      .meta({ description: "Patterns as in CODEOWNERS; one changed file must match. None: all do.", default: [] }),
    labels: z
      .strictObject({
        any: labels
          .optional()
          .meta({ description: "Labels, one of which it must have. None: no matter.", default: [] }),
        not: labels.optional().meta({ description: "Labels, none of which it may have.", default: [] }),
      })
      .optional()
      .meta({ description: "Labels that call for a preview or keep it away. They lift nothing that is required." }),
  })
  .meta({ description: "Which pull requests get a preview." });

const seed = z
  .strictObject({
    job: z
      .strictObject({
        image: jobImage.meta({ description: "Image of the Job." }),
        command: z
          .array(z.string().min(1).max(1_000).refine(printable, { error: "no control characters" }))
          .min(1)
          .max(50)
          .meta({ description: "Program and arguments." }),
      })
      .optional()
      .meta({ description: "A Job that must have succeeded before the preview is green." }),
    snapshot: z
      .strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, "this is no name of a VolumeSnapshot")
          .meta({
            description: "The VolumeSnapshot.",
          }),
        claim: z
          .string()
          .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "this is no name of a claim")
          .meta({
            description: "The PersistentVolumeClaim that is restored from it.",
          }),
        size: quantity("2Ti", 1, "bytes").meta({ description: "Size of the volume." }),
      })
      .optional()
      .meta({ description: "A snapshot that a volume is restored from." }),
  })
  .refine(({ job, snapshot }) => (job === undefined) !== (snapshot === undefined), {
    error: "either `job` or `snapshot`",
  })
  .meta({ description: "Data that it starts with." });

const egress = z.strictObject({
  cidr: told(z.string(), problemOfCidr).meta({ description: "Range of addresses, `10.2.0.0/16`." }),
  ports: z.array(z.int().min(1).max(65_535)).min(1).max(20).meta({ description: "TCP ports." }),
});

export const previewSchema = z
  .strictObject({
    source: z
      .strictObject({
        repo: z.string().regex(REPOSITORY, "a repository is written `owner/name`").meta({
          description: "Repository with the manifests; the operator must allow it.",
        }),
        path: path.optional().meta({ description: "Folder in it that the components' paths start from; its root." }),
        revision: z
          .string()
          .regex(REVISION, "this is no branch, tag or SHA")
          .refine((text) => !/\.\.|\/\/|\/$|\.lock$/.test(text), { error: "this is no branch, tag or SHA" })
          .optional()
          .meta({ description: "Branch, tag or SHA; HEAD." }),
      })
      .optional()
      .meta({ description: "Where the manifests come from, if not from the pull request's head." }),
    components: z
      .array(component)
      .max(20)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        error: "two components have the same name",
      })
      .optional()
      .meta({ description: "What is previewed. Without any there are no previews.", default: [] }),
    url: told(z.string(), problemOfUrl).optional().meta({
      description: "Its address, with `{{slug}}`, `{{number}}`, `{{component}}`, `{{cluster}}`.",
    }),
    readiness: z
      .strictObject({
        path: z
          .string()
          .regex(/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,199}$/, "a path of a URL starts with a slash: `/healthz`")
          .optional()
          .meta({ description: "Path below the URL that must answer before the preview is green.", default: "/" }),
        status: z.int().min(200).max(599).optional().meta({ description: "With which status.", default: 200 }),
      })
      .optional()
      .meta({ description: "What the URL must answer." }),
    clusters: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "this is no cluster's name"))
      .min(1)
      .max(10)
      .refine((all) => new Set(all).size === all.length, { error: "a cluster is named twice" })
      .optional()
      .meta({ description: "Clusters by the operator's names, not together with `place`. None: one is chosen." }),
    place: place.optional(),
    ttl: z
      .string()
      .refine(inRange, { error: NO_DURATION })
      .optional()
      .meta({ description: "After how long without a push or command it goes.", default: "72h" }),
    sleep_after: z
      .string()
      .refine((text) => text === "never" || inRange(text), { error: `${NO_DURATION}, or \`never\`` })
      .optional()
      .meta({ description: "After how long it is scaled to zero, data kept; `never`.", default: "8h" }),
    max_active: z.int().min(1).max(200).optional().meta({
      description: "How many previews the repository has at a time; the rest wait.",
      default: 20,
    }),
    quota: quota.optional(),
    pod_security: z.enum(["restricted", "baseline"]).optional().meta({
      description: "Pod Security Standard of its namespace.",
      default: "restricted",
    }),
    egress: z.array(egress).max(20).optional().meta({
      description: "Private addresses that it may reach.",
      default: [],
    }),
    when: when.optional(),
    forks: z.enum(["approved", "never"]).optional().meta({
      description: "Whether a fork's commit gets a preview after `/hms ok-to-test`.",
      default: "approved",
    }),
    seed: seed.optional(),
    required: z.boolean().optional().meta({
      description: "Whether the gate waits for a healthy preview.",
      default: false,
    }),
    comment: z.boolean().optional().meta({
      description: "Whether one comment on the pull request says where it is.",
      default: true,
    }),
  })
  .refine(({ clusters, place: constraints }) => clusters === undefined || constraints === undefined, {
    error: "either `clusters` or `place`",
  })
  .meta({ description: "A preview of every pull request, in a namespace of its own." });

/** The key as it was written, without defaults. */
export type PreviewFile = z.infer<typeof previewSchema>;
