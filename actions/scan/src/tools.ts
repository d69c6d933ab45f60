import type { ToolName } from "./inputs.ts";
import type { Scanned, Scene } from "./scene.ts";
import { checkov } from "./tools/checkov.ts";
import { gitleaks } from "./tools/gitleaks.ts";
import { osvScanner } from "./tools/osv-scanner.ts";
import { ownScanner } from "./tools/ready-sarif.ts";
import { semgrep } from "./tools/semgrep.ts";
import { trivy } from "./tools/trivy.ts";
import { wapiti } from "./tools/wapiti.ts";
import { zap } from "./tools/zap.ts";

interface Scanner {
  /** Whether its findings stand in the commit's files; otherwise in what runs at the target. */
  readsCode: boolean;
  run(scene: Scene): Promise<Scanned>;
}

export const SCANNERS: Readonly<Record<ToolName, Scanner>> = {
  semgrep: { readsCode: true, run: semgrep },
  gitleaks: { readsCode: true, run: gitleaks },
  "osv-scanner": { readsCode: true, run: osvScanner },
  checkov: { readsCode: true, run: checkov },
  trivy: { readsCode: true, run: trivy },
  wapiti: { readsCode: false, run: wapiti },
  zap: { readsCode: false, run: zap },
  sarif: { readsCode: true, run: ownScanner },
};
