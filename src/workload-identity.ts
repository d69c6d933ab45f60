import { createEgress } from "./adapters/egress/egress.ts";
import { workloadIdentity } from "./adapters/oidc/oidc.ts";
import type { Settings } from "./config/settings.ts";
import type { WorkloadIdentity } from "./ports/workload-identity.ts";

/** Longest that the issuer may take for one of its two documents; whoever reports a scan waits for both. */
const TIMEOUT_MS = 5_000;

/** Knows the identity tokens of the workflows of our GitHub. */
export function createWorkloadIdentity(settings: Settings, now: () => number): WorkloadIdentity {
  // An issuer that the operator names may lie inside of their network, as an Enterprise Server does.
  const { host } = new URL(settings.oidcIssuer);
  const allow = host === "token.actions.githubusercontent.com" ? [] : [host];
  return workloadIdentity({
    issuer: settings.oidcIssuer,
    egress: createEgress({ allow: [...settings.egressAllow, ...allow], timeoutMs: TIMEOUT_MS }),
    now,
  });
}
