import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import type { Stage } from "../../stage/stage.ts";

/** Somebody in front of a browser, signed in with GitHub unless they are nobody, and what their browser complained of. */
export interface Visit {
  context: BrowserContext;
  page: Page;
  /** Errors on the console, violations of the content security policy, dialogs that opened: none of it may be. */
  complaints: string[];
  open(path: string): Promise<number>;
}

type StoredState = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** Signs people in once; every visit after that has their session. */
export class Visits {
  readonly #browser: Browser;
  readonly #stage: Stage;
  readonly #sessions = new Map<string, StoredState>();

  constructor(browser: Browser, stage: Stage) {
    this.#browser = browser;
    this.#stage = stage;
  }

  async of(login: string | undefined, options: BrowserContextOptions = {}): Promise<Visit> {
    const session = login === undefined ? undefined : await this.#session(login);
    const context = await this.#browser.newContext({
      viewport: { width: 1200, height: 900 },
      baseURL: this.#stage.hms.url,
      ...(session ? { storageState: session } : {}),
      ...options,
    });
    const complaints: string[] = [];
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      // The status of the page itself, which a test may have asked for.
      if (message.type() === "error" && !/the server responded with a status of 4/.test(message.text()))
        complaints.push(`console: ${message.text()}`);
    });
    await context.addInitScript(
      'addEventListener("securitypolicyviolation", (event) => console.error("policy violated:", event.violatedDirective, event.blockedURI))',
    );
    return {
      context,
      page,
      complaints,
      async open(path) {
        const answer = await page.goto(path);
        return answer?.status() ?? 0;
      },
    };
  }

  async #session(login: string): Promise<StoredState> {
    const known = this.#sessions.get(login);
    if (known) return known;
    const context = await this.#browser.newContext();
    const { github, hms } = this.#stage;
    await context.addCookies([{ name: "user_session", value: this.#stage.token(login), url: github.url }]);
    const page = await context.newPage();
    await page.goto(`${hms.url}/`);
    await page.getByRole("main").getByRole("link", { name: "Sign in with GitHub" }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    const state = await context.storageState();
    await context.close();
    this.#sessions.set(login, state);
    return state;
  }
}
