import { Hono } from "hono";
import { expect, test } from "vitest";
import { Cookie } from "../../../src/portal/session/cookies.ts";

async function set(publicUrl: string): Promise<string> {
  const cookie = new Cookie("hms-session", publicUrl);
  const app = new Hono().get("/", (context) => {
    cookie.set(context, "v", 60);
    return context.text(cookie.get(context) ?? "none");
  });
  const answer = await app.request("/", { headers: { cookie: "hms-session=plain" } });
  return `${await answer.text()} ${answer.headers.get("set-cookie")}`;
}

test("where there is TLS the cookie goes over TLS alone, and none that another host or plain http set is taken for it", async () => {
  expect(await set("https://hms.acme.dev")).toBe(
    "none __Host-hms-session=v; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax",
  );
});

test("without TLS the browser would not keep a secure one", async () => {
  expect(await set("http://127.0.0.1:3000")).toBe("plain hms-session=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax");
});
