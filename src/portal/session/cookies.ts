import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";

/**
 * A cookie of ours: unreadable for scripts, not sent along with what other sites ask for (but with a link to us), and on https bound to this
 * very host by its name. https://www.rfc-editor.org/rfc/rfc6265
 */
export class Cookie {
  readonly #name: string;
  readonly #secure: boolean;

  constructor(name: string, publicUrl: string) {
    this.#secure = publicUrl.startsWith("https:");
    this.#name = this.#secure ? `__Host-${name}` : name;
  }

  get(context: Context): string | undefined {
    return getCookie(context, this.#name);
  }

  set(context: Context, value: string, maxAgeS: number): void {
    setCookie(context, this.#name, value, { ...this.#attributes(), maxAge: maxAgeS });
  }

  clear(context: Context): void {
    deleteCookie(context, this.#name, this.#attributes());
  }

  #attributes() {
    return { httpOnly: true, sameSite: "Lax", path: "/", secure: this.#secure } as const;
  }
}
