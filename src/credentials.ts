import type { Logger } from "pino";
import { type GitHub, GitHubError } from "./ports/github.ts";

/** The environment names an App that GitHub does not know, or another one's key. The message is written for the operator. */
export class CredentialsError extends Error {
  override name = "CredentialsError";
}

const WITHIN_MS = 5_000;

/**
 * Asks GitHub once who we are, so that wrong credentials are told at the start and not by pull requests that wait for ever. Only GitHub's own
 * refusal counts: while it cannot be asked, what is accepted meanwhile is kept.
 * @throws {CredentialsError}
 */
export async function checkCredentials(
  github: Pick<GitHub, "app">,
  { appId, baseUrl, log, withinMs = WITHIN_MS }: { appId: number; baseUrl: string; log: Logger; withinMs?: number },
): Promise<void> {
  const refused = (why: string): CredentialsError =>
    new CredentialsError(
      `${why} Check that APP_ID and PRIVATE_KEY (or PRIVATE_KEY_PATH) belong to the same GitHub App, that the key was not deleted there, that GITHUB_API_URL (${baseUrl}) is the GitHub where the App is registered, and that this machine's clock is right.`,
    );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("GitHub did not answer in time")), withinMs);
  });
  let id: number;
  try {
    ({ id } = await Promise.race([github.app(), late]));
  } catch (error) {
    if (error instanceof GitHubError && (error.status === 401 || isUnknownApp(error)))
      throw refused("GitHub does not accept the App's credentials.");
    log.warn({ err: error }, "GitHub could not be asked whether the App's credentials are right");
    return;
  } finally {
    clearTimeout(timer);
  }
  if (id !== appId) throw refused(`GitHub says that the key belongs to the App ${id}, not to APP_ID ${appId}.`);
}

/** GitHub's word for an App id that it does not know; any other 404 may come from a proxy or a partial GitHub. */
function isUnknownApp(error: GitHubError): boolean {
  return error.status === 404 && error.message.includes("Integration not found");
}
