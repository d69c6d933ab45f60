import type { ToolName } from "./inputs.ts";
import type { Scanned, Scene } from "./scene.ts";
import { ownScanner } from "./tools/ready-sarif.ts";

interface Scanner {
  /** Whether it looks at the commit's files; otherwise at what runs at the target. */
  readsCode: boolean;
  run(scene: Scene): Promise<Scanned>;
}

export const SCANNERS: Readonly<Partial<Record<ToolName, Scanner>>> = {
  sarif: { readsCode: true, run: ownScanner },
};
