import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GitHub, startGitHub } from "../doubles/github/github.ts";
import { Browser } from "../stage/browser.ts";
import { freePort } from "../stage/free-port.ts";
import { type HmsProcess, startHms } from "../stage/process.ts";

/** GitHub with an organisation that ada owns, and HMS-SYS started with nothing but its address. */
export interface SetUpScene {
  github: GitHub;
  hms: HmsProcess;
  dataDir: string;
  environment: Record<string, string>;
  /** Signed in at GitHub as ada. */
  browser: Browser;
  start(change?: Record<string, string>): Promise<HmsProcess>;
  close(): Promise<void>;
}

export async function setUpScene(change: Record<string, string> = {}): Promise<SetUpScene> {
  const github = await startGitHub();
  const ada = github.createUser("ada");
  github.createOrg("acme", { members: { ada: "admin" } });
  const dataDir = mkdtempSync(join(tmpdir(), "hms-set-up-"));
  const browser = new Browser();
  browser.setCookie(github.url, "user_session", ada.token);
  const port = await freePort();
  const environment = {
    PORT: String(port),
    HMS_DATA_DIR: join(dataDir, "data"),
    GITHUB_API_URL: github.url,
    ...change,
  };
  const started: HmsProcess[] = [];
  const scene: SetUpScene = {
    github,
    dataDir: environment.HMS_DATA_DIR,
    environment,
    browser,
    hms: undefined as never,
    async start(more = {}) {
      scene.hms = await startHms({ ...environment, ...more }, { dontWait: true });
      started.push(scene.hms);
      await answering(scene.hms);
      return scene.hms;
    },
    async close() {
      for (const hms of started) await hms.kill("SIGKILL");
      await github.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await scene.start();
  } catch (error) {
    await scene.close();
    throw error;
  }
  return scene;
}

async function answering(hms: HmsProcess): Promise<void> {
  let gone: number | string | undefined;
  void hms.exited.then((code) => {
    gone = code;
  });
  for (let i = 0; i < 600; i++) {
    if (gone !== undefined) throw new Error(`HMS-SYS ended with ${gone}:\n${hms.output()}`);
    const response = await fetch(`${hms.url}/healthz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`HMS-SYS does not answer:\n${hms.output()}`);
}

/** The address with the one-time token, as it stands on the console. */
export function printedAddress(hms: HmsProcess): string {
  const found = hms.output().match(/^\s+(http\S+\/setup\?token=\S+)$/m)?.[1];
  if (!found) throw new Error(`no address was printed:\n${hms.output()}`);
  return found;
}

/** From the console's address to the page that posts to GitHub. */
export async function toReview({ hms, browser }: SetUpScene, organisation = "acme") {
  const first = await browser.open(printedAddress(hms));
  return browser.submit(first, "/setup/review", { organisation, name: "" });
}
