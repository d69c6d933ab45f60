import { randomInt } from "node:crypto";
import { type Stage, type StageOptions, setStage } from "../../stage/stage.ts";

/** A small application as it lies in a repository. */
export function webManifests(options: { image?: string; replicas?: number } = {}): Record<string, string> {
  const { image = "ghcr.io/acme/web:1", replicas = 1 } = options;
  return {
    "deploy/web/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0 # a namespace waits for half of it, twice
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: web
          image: ${image}
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`,
    "deploy/web/service.yaml": `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`,
  };
}

/** hms.yml with previews of one component. */
export function previewYml(lines = ""): string {
  return `version: 1\npreview:\n  components: [{ name: web, path: deploy/web }]\n${lines}`;
}

/** GitHub's double, HMS-SYS as a process, and the real clusters that it is told of. */
export function setPreviewStage(kubeconfigPath: string, options: StageOptions & { yml?: string } = {}): Promise<Stage> {
  const { yml = previewYml(), files, environment, ...rest } = options;
  return setStage({
    // Names on the clusters are made of ids, and other test files make theirs on the same ones.
    idsFrom: randomInt(1e6, 1e9),
    ...rest,
    files: { ".github/hms.yml": yml, ...webManifests(), ...files },
    environment: { KUBECONFIG: kubeconfigPath, ...environment },
  });
}
