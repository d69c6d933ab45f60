import { createHash } from "node:crypto";
import type { CheckerDocument } from "../../model/checker-input.ts";
import type { Checker, CheckerAnswer } from "../../ports/checker.ts";
import { PolicyBundleError } from "./bundle.ts";
import type { BundleSource } from "./bundle-source.ts";
import { reasonOf } from "./engine.ts";
import { encodedInput } from "./input.ts";
import { ThreadedPolicy, type ThreadLimits } from "./threaded-policy.ts";

const LIMITS: ThreadLimits = { openMs: 20_000, evaluateMs: 250, memoryMb: 256, maxWaiting: 1_000 };
/** One that loops on some input must not keep the others waiting. */
const THREADS = 2;

export interface BundleCheckerOptions extends Partial<ThreadLimits> {
  source: BundleSource;
  /** 64 hexadecimal digits: refuse every bundle whose file and whose revision have another digest. */
  pin?: string;
}

/** What {@link BundleChecker.reload} found. After a failure the last good bundle still decides. */
export type ReloadReport =
  | { kind: "unchanged"; revision: string }
  | { kind: "replaced"; revision: string; previousRevision: string }
  | { kind: "failed"; revision: string; reason: string };

export interface BundleChecker extends Checker {
  revision(): string;
  /** Reads the bundle again from where it was opened. Never rejects. */
  reload(): Promise<ReloadReport>;
  close(): void;
}

interface Loaded {
  policies: ThreadedPolicy[];
  revision: string;
  /** Of the bytes that it was opened from. */
  digest: string;
}

/**
 * An organisation's own compiled policy. It decides in threads with a limit of time and memory: what it does to them it does not do to the
 * process. Rejects with {@link PolicyBundleError} if it is unusable.
 */
export async function openBundleChecker(options: BundleCheckerOptions): Promise<BundleChecker> {
  let loaded = await load(options);
  return {
    revision: () => loaded.revision,
    evaluate: (input) => ask(loaded, input),
    async reload() {
      const previousRevision = loaded.revision;
      try {
        const next = await load(options, loaded);
        if (next === loaded) return { kind: "unchanged", revision: previousRevision };
        for (const policy of loaded.policies) policy.closeWhenIdle();
        loaded = next;
        return next.revision === previousRevision
          ? { kind: "unchanged", revision: previousRevision }
          : { kind: "replaced", revision: next.revision, previousRevision };
      } catch (error) {
        return { kind: "failed", revision: previousRevision, reason: reasonOf(error) };
      }
    },
    close() {
      for (const policy of loaded.policies) policy.close();
    },
  };
}

async function ask({ policies, revision }: Loaded, input: CheckerDocument): Promise<CheckerAnswer> {
  const least = policies.reduce((a, b) => (b.load < a.load ? b : a));
  return { verdict: await least.evaluate(encodedInput(input)), bundleRevision: revision };
}

async function load(options: BundleCheckerOptions, current?: Loaded): Promise<Loaded> {
  const { source, pin } = options;
  const bytes = await source.read();
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (current?.digest === digest) return current;
  const limits = { ...LIMITS, ...options };
  const policies = await openAll(
    Array.from({ length: THREADS }, () => ThreadedPolicy.open(bytes, source.name, limits)),
  );
  const revision = policies[0]?.revision ?? "";
  if (pin !== undefined && pin !== digest && `sha256:${pin}` !== revision) {
    for (const policy of policies) policy.close();
    throw new PolicyBundleError(`The policy bundle ${source.name} is ${revision}, but sha256:${pin} is pinned.`);
  }
  return { policies, revision, digest };
}

/** All of them or none. */
async function openAll(opening: Promise<ThreadedPolicy>[]): Promise<ThreadedPolicy[]> {
  const results = await Promise.allSettled(opening);
  const policies = results.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = results.find((one) => one.status === "rejected");
  if (failed === undefined) return policies;
  for (const policy of policies) policy.close();
  throw failed.reason;
}
