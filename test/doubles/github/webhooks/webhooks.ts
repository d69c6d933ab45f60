import { eventPermission } from "../permissions.ts";
import { accountShape } from "../shapes/account.ts";
import { pushedRepositoryShape, repositoryShape } from "../shapes/repository.ts";
import { type Account, type App, covers, type Installation, type Repository, type State } from "../state.ts";
import { type Delivery, type DeliveryDraft, missingUrlOutcome, newDelivery, send } from "./delivery.ts";

const CONCURRENCY = 8;
const KEPT_PER_APP = 20_000;

type Queue = {
  waiting: Delivery[];
  underWay: number;
  held: boolean;
  /** Deliveries that fail without being sent: a number, or until a moment. */
  failCount: number;
  failUntil: Date | undefined;
  log: Delivery[];
};

/** Finds who is to hear of an event and delivers it: per App started in order, a few at a time, never retried. */
export class Webhooks {
  private readonly queues = new Map<number, Queue>();
  private readonly idle: (() => void)[] = [];
  private readonly state: State;
  private readonly now: () => Date;
  private readonly url: () => string;

  constructor(state: State, now: () => Date, url: () => string) {
    this.state = state;
    this.now = now;
    this.url = url;
  }

  /** Tells every App that covers the repository, may read of such things and subscribed. */
  emit(repository: Repository, event: string, sender: Account, payload: Record<string, unknown>): void {
    for (const installation of this.state.installations.values()) {
      if (!covers(installation, repository) || installation.suspendedAt) continue;
      if (!installation.events.includes(event)) continue;
      const needed = eventPermission[event];
      if (needed && !needed.some((name) => name === "metadata" || installation.permissions[name as "checks"])) continue;
      this.emitTo(installation, repository, event, sender, payload);
    }
  }

  /** For events that reach one App whatever it subscribed to, such as a re-request of its own check run. */
  emitTo(
    installation: Installation,
    repository: Repository,
    event: string,
    sender: Account,
    payload: Record<string, unknown>,
  ): void {
    const base = this.url();
    const { owner } = repository;
    this.enqueue({
      app: installation.app,
      event,
      installation,
      repository,
      payload: {
        ...payload,
        repository:
          event === "push"
            ? pushedRepositoryShape(base, this.state, repository)
            : repositoryShape(base, this.state, repository),
        ...(owner.type === "Organization" ? { organization: organizationStub(base, owner) } : {}),
        sender: accountShape(base, sender),
        installation: {
          id: installation.id,
          node_id: Buffer.from(`23:IntegrationInstallation${installation.id}`).toString("base64"),
        },
      },
    });
  }

  enqueue(draft: DeliveryDraft): Delivery {
    const delivery = newDelivery(this.state.nextId(), this.now(), draft);
    if (draft.app.hookActive) this.push(delivery);
    return delivery;
  }

  /** Oldest first, those still waiting included. */
  deliveries(app: App): Delivery[] {
    return [...this.queue(app).log];
  }

  /** A new attempt with the same guid and body. */
  redeliver(delivery: Delivery, options: { redelivery: boolean } = { redelivery: true }): Delivery {
    const again = {
      ...delivery,
      id: this.state.nextId(),
      createdAt: this.now(),
      redelivery: options.redelivery,
      outcome: undefined,
    };
    this.push(again);
    return again;
  }

  fail(app: App, how: { count?: number; until?: Date }): void {
    const queue = this.queue(app);
    queue.failCount = how.count ?? 0;
    queue.failUntil = how.until;
  }

  hold(app: App): void {
    this.queue(app).held = true;
  }

  /** Lets go, optionally in another order than the one of creation. */
  release(app: App, reorder?: (waiting: Delivery[]) => Delivery[]): void {
    const queue = this.queue(app);
    queue.held = false;
    if (reorder) queue.waiting = reorder(queue.waiting);
    this.pump(app, queue);
  }

  /** Resolves when nothing waits (but for what is held) and nothing is under way. */
  async settled(): Promise<void> {
    while (
      [...this.queues.values()].some(({ waiting, underWay, held }) => underWay > 0 || (!held && waiting.length > 0))
    ) {
      await new Promise<void>((resolve) => this.idle.push(resolve));
    }
  }

  /** Drops what waits. */
  stop(): void {
    for (const queue of this.queues.values()) queue.waiting = [];
  }

  private push(delivery: Delivery): void {
    const queue = this.queue(delivery.app);
    queue.log.push(delivery);
    if (queue.log.length > KEPT_PER_APP * 1.1) queue.log = queue.log.slice(-KEPT_PER_APP);
    queue.waiting.push(delivery);
    setImmediate(() => this.pump(delivery.app, queue));
  }

  private pump(app: App, queue: Queue): void {
    while (!queue.held && queue.underWay < CONCURRENCY) {
      const next = queue.waiting.shift();
      if (!next) break;
      queue.underWay += 1;
      void this.deliver(next, queue).finally(() => {
        queue.underWay -= 1;
        this.pump(app, queue);
        for (const resolve of this.idle.splice(0)) resolve();
      });
    }
  }

  private async deliver(delivery: Delivery, queue: Queue): Promise<void> {
    const failing = queue.failCount > 0 || (queue.failUntil !== undefined && queue.failUntil > this.now());
    if (queue.failCount > 0) queue.failCount -= 1;
    const url = delivery.app.webhookUrl;
    delivery.outcome = failing || !url ? missingUrlOutcome(this.now()) : await send(delivery, url, this.now);
  }

  private queue(app: App): Queue {
    const known = this.queues.get(app.id);
    if (known) return known;
    const fresh: Queue = { waiting: [], underWay: 0, held: false, failCount: 0, failUntil: undefined, log: [] };
    this.queues.set(app.id, fresh);
    return fresh;
  }
}

/** The short form of an organisation that webhooks carry. */
export function organizationStub(base: string, organization: Account) {
  const url = `${base}/orgs/${organization.login}`;
  return {
    login: organization.login,
    id: organization.id,
    node_id: accountShape(base, organization).node_id,
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: accountShape(base, organization).avatar_url,
    description: null,
  };
}
