import type { Diagnosis } from "../model/diagnosis.ts";
import type { Facts } from "./facts.ts";
import { findingsAt, plain } from "./finding.ts";

const CLOCK_MAX_MS = 30_000;

/** What does not depend on any installation: the process, its store and checker, its address, its clock. */
export function checkProcess(facts: Facts): Diagnosis[] {
  const at = findingsAt("process");
  const { checker, store, readiness } = facts.process;
  return [
    checker.ok
      ? at.ok("checker", `The policy is loaded: ${checker.value}`)
      : at.fail(
          "checker",
          `The policy cannot be used: ${plain(checker.problem)}`,
          "Mend or unset HMS_POLICY_BUNDLE (docs/configuration.md), then restart the process.",
        ),
    store.ok
      ? at.ok("store", `The store ${store.value} can be written`)
      : at.fail(
          "store",
          `The store cannot be written: ${plain(store.problem)}`,
          "Make HMS_DATA_DIR a directory on a local disk with room, which the process's user may write.",
        ),
    readiness.ok
      ? at.ok("process", `The process takes work at ${readiness.value}`)
      : at.fail(
          "process",
          `The process does not take work: ${plain(readiness.problem)}`,
          "Start it (npm start), or look at its log; HOST and PORT here have to be those that it runs with.",
        ),
    checkPublicUrl(facts),
    checkClock(facts),
  ];
}

function checkPublicUrl({ settings: { publicUrl, githubApiUrl } }: Facts): Diagnosis {
  const at = findingsAt("process");
  const fix = "Set HMS_PUBLIC_URL to the https address of the proxy in front of the process, then restart it.";
  const { protocol, hostname } = new URL(publicUrl);
  if (isHere(hostname)) {
    return isHere(new URL(githubApiUrl).hostname)
      ? at.ok("public-url", `${publicUrl} is on this machine, as GitHub is`)
      : at.fail("public-url", `GitHub cannot reach ${publicUrl}: the address means this machine only`, fix);
  }
  if (protocol !== "https:")
    return at.fail(
      "public-url",
      `${publicUrl} is not https: sessions and payloads cross the network in the clear`,
      fix,
    );
  return at.ok("public-url", `${publicUrl} is https`);
}

export function isHere(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])$/.test(hostname);
}

function checkClock({ clock }: Facts): Diagnosis {
  const at = findingsAt("process");
  if (!clock.ok) return at.unknown("clock", `GitHub's time could not be had: ${plain(clock.problem)}`);
  const { aheadMs, exactToMs } = clock.value;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (Math.abs(aheadMs) <= CLOCK_MAX_MS + exactToMs) return at.ok("clock", "The clock agrees with GitHub's");
  return at.fail(
    "clock",
    `The clock is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} GitHub's: every time that is written down or waited for is off by as much`,
    "Set it by a time server:",
    "timedatectl set-ntp true",
  );
}
