import { readPrivateKey } from "./private-key.ts";
import { readSavedApp, type SavedApp } from "./saved-app.ts";

/** How the App proves who it is: to GitHub, and for GitHub to us. */
export interface AppCredentials {
  id: number;
  /** PKCS#8 PEM, whatever form it was given in. */
  privateKey: string;
  webhookSecret: string;
  /** For signing in with GitHub, together with `clientSecret`; without them nobody can. */
  clientId?: string;
  clientSecret?: string;
}

/** The variables that name an App. Given one of them, even an empty one, what is saved does not count. */
const NAMING = ["APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET"] as const;

interface Given {
  APP_ID?: number | undefined;
  PRIVATE_KEY?: string | undefined;
  PRIVATE_KEY_PATH?: string | undefined;
  WEBHOOK_SECRET?: string | undefined;
  GITHUB_CLIENT_ID?: string | undefined;
  GITHUB_CLIENT_SECRET?: string | undefined;
}

/**
 * The App's credentials: from the environment, else those that set-up saved; `none` where there is neither. `named` are the variables that are set
 * at all: one that came out empty (a secret that was not mounted) is a mistake to tell, not a reason to set up a second App.
 */
export function readAppCredentials(
  given: Given,
  { named, dataDir, githubApiUrl }: { named: ReadonlySet<string>; dataDir: string; githubApiUrl: string | undefined },
): { app: AppCredentials } | { none: true } | { problems: { variable?: string; text: string }[] } {
  const signIn = clientOf(given);
  if ("problem" in signIn) return { problems: [signIn.problem] };
  if (NAMING.some((name) => named.has(name))) return fromEnvironment(given, signIn);
  const saved = readSavedApp(dataDir);
  if (saved.kind === "absent") return { none: true };
  if (saved.kind === "broken") return { problems: [{ text: saved.problem }] };
  if (githubApiUrl !== undefined && saved.app.githubApiUrl !== githubApiUrl) {
    const text = `GITHUB_API_URL is not the GitHub that the App in ${saved.path} was registered at; set it to that one, or move the file away to set up an App here`;
    return { problems: [{ variable: "GITHUB_API_URL", text }] };
  }
  return { app: { ...credentialsOf(saved.app), ...signIn } };
}

export function credentialsOf({ id, privateKey, webhookSecret, clientId, clientSecret }: SavedApp): AppCredentials {
  return { id, privateKey, webhookSecret, clientId, clientSecret };
}

function fromEnvironment(
  given: Given,
  signIn: { clientId?: string; clientSecret?: string },
): { app: AppCredentials } | { problems: { variable?: string; text: string }[] } {
  const problems: { variable?: string; text: string }[] = [];
  for (const variable of ["APP_ID", "WEBHOOK_SECRET"] as const)
    if (given[variable] === undefined) problems.push({ variable, text: `${variable} is missing` });
  const key = readPrivateKey(given.PRIVATE_KEY, given.PRIVATE_KEY_PATH);
  if ("problem" in key) problems.push({ variable: "PRIVATE_KEY_PATH", text: key.problem });
  const { APP_ID: id, WEBHOOK_SECRET: webhookSecret } = given;
  if ("problem" in key || id === undefined || webhookSecret === undefined) return { problems };
  return { app: { id, privateKey: key.pem, webhookSecret, ...signIn } };
}

/** Both or neither: with one alone every sign-in would fail at GitHub. */
function clientOf(
  given: Given,
): { clientId?: string; clientSecret?: string } | { problem: { variable: string; text: string } } {
  const { GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret } = given;
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  if (clientId === undefined && clientSecret === undefined) return {};
  const variable = clientId === undefined ? "GITHUB_CLIENT_ID" : "GITHUB_CLIENT_SECRET";
  return { problem: { variable, text: `${variable} is missing: signing in with GitHub takes both` } };
}
