import { ApiError } from "./http/errors.ts";
import type { Call, Reply } from "./http/router.ts";
import type { Account } from "./state.ts";

/**
 * Pages that people see in a browser, as far as programs lead them there. A person is signed in by the cookie `user_session`, which here is their
 * personal access token. A page with one obvious button answers as if it had been pressed.
 */
export function personAt(call: Call): Account | undefined {
  const cookies = (call.headers.cookie ?? "").split(/;\s*/);
  const session = cookies.find((cookie) => cookie.startsWith("user_session="))?.slice("user_session=".length);
  return session === undefined ? undefined : call.site.state.userTokens.get(decodeURIComponent(session));
}

/** Where GitHub sends whoever has to sign in first. */
export function toSignIn(call: Call): Reply {
  const back = `${call.site.url}${call.path}${call.query.size > 0 ? `?${call.query}` : ""}`;
  return found(`${call.site.url}/login?return_to=${encodeURIComponent(back)}`);
}

export function found(location: string): Reply {
  return { status: 302, headers: { location }, text: "" };
}

/** A page with one message; GitHub's pages say more. */
export function page(status: number, message: string): Reply {
  const text = `<!DOCTYPE html>\n<html lang="en"><title>GitHub</title><main>${escaped(message)}</main></html>\n`;
  return { status, text, headers: { "content-type": "text/html; charset=utf-8" } };
}

/** `back`: where it leads once somebody has signed in. */
export function signInPage(status: number, message: string, back: string): Reply {
  const text = `<!DOCTYPE html>
<html lang="en"><title>Sign in to GitHub</title><main><h1>${escaped(message)}</h1>
<form action="/session" method="post"><input type="hidden" name="return_to" value="${escaped(back)}">
<p><label>Username <input name="login" autofocus></label></p><p><label>Password <input type="password" name="password"></label></p>
<p>This GitHub is a double: the password is the person's token.</p><p><button>Sign in</button></p></form></main></html>
`;
  return { status, text, headers: { "content-type": "text/html; charset=utf-8" } };
}

export function pageNotFound(): ApiError {
  return new ApiError(404, "Not Found");
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
