import type { Account } from "../state.ts";
import { nodeId, type Schema, timestamp } from "./schema.ts";

/** `simple-user`: how people, organisations and bots look inside other things. */
export function accountShape(base: string, { id, login, type }: Account): Schema<"simple-user"> {
  const url = `${base}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId(type, id),
    avatar_url: `${base}/avatars/u/${id}?v=4`,
    gravatar_id: "",
    url,
    html_url: type === "Bot" ? `${base}/apps/${login.replace("[bot]", "")}` : `${base}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    user_view_type: "public",
    site_admin: false,
  };
}

/** `GET /users/{username}` */
export function publicUserShape(base: string, account: Account): Schema<"public-user"> {
  return {
    ...accountShape(base, account),
    name: account.name,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: timestamp(account.createdAt),
    updated_at: timestamp(account.createdAt),
  };
}

/** `GET /user` */
export function privateUserShape(base: string, account: Account): Schema<"private-user"> {
  return {
    ...publicUserShape(base, account),
    private_gists: 0,
    total_private_repos: 0,
    owned_private_repos: 0,
    disk_usage: 0,
    collaborators: 0,
    two_factor_authentication: true,
    plan: { name: "free", space: 976562499, collaborators: 0, private_repos: 10000 },
  };
}
