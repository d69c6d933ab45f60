/** One attempt at a webhook delivery, as GitHub's log of the App's hook shows it: https://docs.github.com/en/rest/apps/webhooks */
export interface DeliveryAttempt {
  /** Of the attempt; larger than 2^53 at times, so a text. */
  id: string;
  /** `X-GitHub-Delivery`: the same for every attempt at one delivery. */
  guid: string;
  atMs: number;
  /** What we answered; 0 or a 5xx of GitHub's own where we could not be reached. */
  statusCode: number;
  event: string;
  action: string | undefined;
  installationId: number | undefined;
}

/** The log of the App's own webhook. Every call may reject with `GitHubError`. */
export interface AppDeliveries {
  /** Attempts, newest first; `next` where there are older ones. A cursor that GitHub knows no more is `refused`. */
  page(cursor?: string): Promise<{ attempts: DeliveryAttempt[]; next: string | undefined }>;
  /** Asks GitHub for another attempt. It comes later, under the same guid, or not at all. */
  redeliver(attemptId: string): Promise<void>;
}
