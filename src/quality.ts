import { createEgress } from "./adapters/egress/egress.ts";
import { openSecrets } from "./adapters/secrets/secrets.ts";
import { connectSonarQube } from "./adapters/sonarqube/sonarqube.ts";
import type { Settings } from "./config/settings.ts";
import type { SonarQube } from "./config/sonarqube.ts";
import type { QualityServer } from "./ports/quality-server.ts";

/** Longest that the server may take for one answer; a page of issues may take it some seconds. */
const TIMEOUT_MS = 20_000;

export interface Quality {
  server: QualityServer;
  /** Which repository may read what there. */
  bound: Pick<SonarQube, "projects">;
  /** The secret that its webhook is signed with; undefined: it is to tell us nothing. */
  webhookSecret?(): Promise<string>;
}

/** The operator's SonarQube server; undefined where none is named. */
export function openQuality({ sonarqube, egressAllow, secretsDirectory }: Settings): Quality | undefined {
  if (!sonarqube) return undefined;
  const { url, token, webhookSecret } = sonarqube;
  const secrets = openSecrets({ environment: process.env, directory: secretsDirectory });
  // A server that the operator names may lie inside of their network.
  const egress = createEgress({ allow: [...egressAllow, new URL(url).host], timeoutMs: TIMEOUT_MS });
  return {
    server: connectSonarQube({ url, token, egress, secrets }),
    bound: sonarqube,
    ...(webhookSecret === undefined ? {} : { webhookSecret: () => secrets.resolve(webhookSecret) }),
  };
}
