import type { World } from "./world.ts";

/** What an App may do for somebody who authorised it, and what it hears when they take it back. */
export async function userAccessScenario({ github, recorder, app, alice, installationId }: World): Promise<void> {
  const token = github.userAccessToken(app, "bob");
  await recorder.call("GET /user", { token });
  await recorder.call("GET /user/installations", { token });
  await recorder.call("GET /user/installations", { token: alice, expect: 403 });
  await recorder.call("GET /user/installations", { expect: 401 });
  const params = { installation_id: installationId };
  await recorder.call("GET /user/installations/{installation_id}/repositories", { params, token });
  await recorder.call("GET /user/installations/{installation_id}/repositories", {
    params: { installation_id: 1 },
    token,
    expect: 404,
  });
  const basic = Buffer.from(`${app.clientId}:${app.clientSecret}`).toString("base64");
  const end = {
    params: { client_id: app.clientId },
    headers: { authorization: `Basic ${basic}` },
    body: { access_token: token },
  };
  await recorder.call("DELETE /applications/{client_id}/token", { ...end, expect: 204 });
  await recorder.call("DELETE /applications/{client_id}/token", { ...end, expect: 422 });
  await recorder.call("GET /user", { token, expect: 401 });
  github.userAccessToken(app, "bob");
  github.revokeAuthorization(app, "bob");
}
