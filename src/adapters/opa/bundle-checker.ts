import { createHash } from "node:crypto";
import type { CheckerDocument } from "../../model/checker-input.ts";
import type { Checker, CheckerAnswer } from "../../ports/checker.ts";
import { EvaluationError } from "./answer.ts";
import { PolicyBundleError } from "./bundle.ts";
import type { BundleSource } from "./bundle-source.ts";
import { reasonOf } from "./engine.ts";
import { encodedInput } from "./input.ts";
import { ThreadedPolicy, type ThreadLimits } from "./threaded-policy.ts";

const LIMITS: ThreadLimits = { openMs: 20_000, evaluateMs: 250, memoryMb: 256, maxWaiting: 1_000 };
/** One that loops on some input must not keep the others waiting. */
const THREADS = 2;
/** Questions of people who try something out that wait at one time. */
const APART_WAITING = 50;

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
  /** The same policy in a thread of its own, which opens when it is first asked: slow facts that somebody imagined keep no gate waiting. */
  apart: Checker;
  /** Reads the bundle again from where it was opened. Never rejects. */
  reload(): Promise<ReloadReport>;
  close(): void;
}

interface Loaded {
  policies: ThreadedPolicy[];
  revision: string;
  /** Of the bytes that it was opened from. */
  digest: string;
  /** Opened when it is first asked for. */
  apart(): Promise<ThreadedPolicy>;
  /** Lets go of the threads; those that are busy first finish what they were asked, unless it is `now`. */
  end(now: boolean): void;
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
    apart: { revision: () => loaded.revision, evaluate: (input) => askApart(loaded, input) },
    async reload() {
      const previousRevision = loaded.revision;
      try {
        const next = await load(options, loaded);
        if (next === loaded) return { kind: "unchanged", revision: previousRevision };
        loaded.end(false);
        loaded = next;
        return next.revision === previousRevision
          ? { kind: "unchanged", revision: previousRevision }
          : { kind: "replaced", revision: next.revision, previousRevision };
      } catch (error) {
        return { kind: "failed", revision: previousRevision, reason: reasonOf(error) };
      }
    },
    close() {
      loaded.end(true);
    },
  };
}

async function ask({ policies, revision }: Loaded, input: CheckerDocument): Promise<CheckerAnswer> {
  const least = policies.reduce((a, b) => (b.load < a.load ? b : a));
  return { verdict: await least.evaluate(encodedInput(input)), bundleRevision: revision };
}

async function askApart({ apart, revision }: Loaded, input: CheckerDocument): Promise<CheckerAnswer> {
  const policy = await apart().catch((error: unknown) => {
    throw new EvaluationError(`The checker could not decide: ${reasonOf(error)}`);
  });
  return { verdict: await policy.evaluate(encodedInput(input)), bundleRevision: revision };
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
  let apart: Promise<ThreadedPolicy> | undefined;
  const openApart = (): Promise<ThreadedPolicy> => {
    const opening = ThreadedPolicy.open(bytes, source.name, {
      ...limits,
      maxWaiting: Math.min(limits.maxWaiting, APART_WAITING),
    });
    // Whoever asks next tries again.
    opening.catch(() => (apart = undefined));
    return opening;
  };
  return {
    policies,
    revision,
    digest,
    apart: () => (apart ??= openApart()),
    end(now) {
      const end = (policy: ThreadedPolicy): void => (now ? policy.close() : policy.closeWhenIdle());
      policies.forEach(end);
      apart?.then(end, () => undefined);
    },
  };
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
