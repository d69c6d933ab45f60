import type { Severity } from "../../model/finding.ts";

/** What a hit of the tool means to us. */
export interface SecretKind {
  /** `secrets/<name>` is the finding's rule. */
  name: string;
  /** As it stands in a sentence: `AWS access key ID`. */
  label: string;
  severity: Severity;
  /** Why it has this severity. */
  why: string;
  /** A kinder or harsher judgement from the hit itself. */
  severityOf?: (hit: string) => Severity;
}

const TOKEN = "whoever reads it acts as its owner until it is revoked";

function token(name: string, label: string, why = TOKEN): SecretKind {
  return { name, label, severity: "critical", why };
}

const DATABASE: SecretKind = {
  name: "database-password",
  label: "database connection string with a password",
  severity: "critical",
  why: "opens the database to whoever can reach it; medium when the host is a short or loopback name, as in a compose file",
  severityOf: (hit) => {
    const host = hit.slice(hit.lastIndexOf("@") + 1).split(/[:/?,]/)[0] ?? "";
    return /^(?:localhost|127\.|\[|[^.]*$)/i.test(host) ? "medium" : "critical";
  },
};
const STRIPE_TEST: SecretKind = {
  name: "stripe-test-key",
  label: "Stripe test-mode key",
  severity: "medium",
  why: "reaches test data only, no money",
};
const NPM = token("npm-token", "npm token", "publishes packages in its owner's name");
const GITHUB = token("github-token", "GitHub token");
const PRIVATE_KEY = token(
  "private-key",
  "private key",
  "cannot be revoked without replacing the key wherever it is trusted",
);
const GCP = token("gcp-service-account-key", "Google Cloud service account key");
const STRIPE = token("stripe-live-key", "Stripe live key", "moves money");
const GRAFANA = token("grafana-token", "Grafana token");
const VAULT = token("hashicorp-vault-token", "HashiCorp Vault token", "opens further secrets");
const VERCEL = token("vercel-token", "Vercel token");
const CLOUDFLARE = token("cloudflare-token", "Cloudflare API token or key");
const TAILSCALE = token("tailscale-key", "Tailscale key");

/** By the tool's rule (without its package prefix) and message id. */
export const KINDS: Readonly<Record<string, SecretKind>> = {
  "aws/AWSSecretAccessKey": token("aws-secret-access-key", "AWS secret access key"),
  "aws/AWSAccessKeyID": {
    name: "aws-access-key-id",
    label: "AWS access key ID",
    severity: "high",
    why: "useless without its secret, but seldom alone; medium for identifiers of users, roles and groups, which open nothing",
    severityOf: (hit) => (/^(?:AKIA|ASIA|A3T)/.test(hit) ? "high" : "medium"),
  },
  "gcp/PrivateKeyJSON": GCP,
  "gcp/PrivateKeyP12": GCP,
  "privatekey/PrivateKey": PRIVATE_KEY,
  "npm/PackageJSON_xOauthToken": GITHUB,
  "npm/Npmrc_authToken": NPM,
  "npm/NPM_ACCESS_TOKEN": NPM,
  "basicauth/BasicAuth": {
    name: "url-password",
    label: "URL with a user name and password",
    severity: "high",
    why: "a real password most times, but examples and test servers look the same",
  },
  "slack/SLACK_TOKEN": token("slack-token", "Slack token"),
  "slack/IncomingWebhook": {
    name: "slack-webhook",
    label: "Slack incoming webhook",
    severity: "high",
    why: "lets anyone post to one channel, reads nothing",
  },
  "sendgrid/SENDGRID_KEY": token("sendgrid-key", "SendGrid API key"),
  "shopify/SHOPIFY_KEY": token("shopify-key", "Shopify access token"),
  "stripe/STRIPE_SECRET_KEY_LIVE": STRIPE,
  "stripe/STRIPE_RESTRICTED_KEY_LIVE": STRIPE,
  "stripe/STRIPE_SECRET_KEY_TEST": STRIPE_TEST,
  "stripe/STRIPE_RESTRICTED_KEY_TEST": STRIPE_TEST,
  "github/GITHUB_TOKEN": GITHUB,
  "gitlab/GITLAB_PERSONAL_ACCESS_TOKEN": token("gitlab-token", "GitLab access token"),
  "grafana/GRAFANA_CLOUD_API_TOKEN": GRAFANA,
  "grafana/GRAFANA_SERVICE_ACCOUNT_TOKEN": GRAFANA,
  "openai/OPENAI_TOKEN": token("openai-key", "OpenAI API key", "spends its owner's money"),
  "anthropic/ANTHROPIC_API_KEY": token("anthropic-key", "Anthropic API key", "spends its owner's money"),
  "groq/GROQ_API_KEY": token("groq-key", "Groq API key", "spends its owner's money"),
  "huggingface/HUGGINGFACE_USER_ACCESS_TOKEN": token("huggingface-token", "Hugging Face access token"),
  "linear/LINEAR_API_TOKEN": token("linear-key", "Linear API key"),
  "notion/NOTION_INTEGRATION_TOKEN": token("notion-token", "Notion integration token"),
  "1password/OPS_TOKEN": token("onepassword-token", "1Password service account token", "opens further secrets"),
  "database-connection-string/MongoDBConnection": DATABASE,
  "database-connection-string/MySQLConnection": DATABASE,
  "database-connection-string/PostgreSQLConnection": DATABASE,
  "hashicorp-vault/HASHICORP_VAULT_SERVICE_TOKEN": VAULT,
  "hashicorp-vault/HASHICORP_VAULT_BATCH_TOKEN": VAULT,
  "hashicorp-vault/HASHICORP_VAULT_RECOVERY_TOKEN": VAULT,
  "vercel/VERCEL_PERSONAL_ACCESS_TOKEN": VERCEL,
  "vercel/VERCEL_INTEGRATION_TOKEN": VERCEL,
  "vercel/VERCEL_APP_ACCESS_TOKEN": VERCEL,
  "vercel/VERCEL_APP_REFRESH_TOKEN": VERCEL,
  "vercel/VERCEL_AI_GATEWAY_API_KEY": VERCEL,
  "databricks/DATABRICKS_PERSONAL_ACCESS_TOKEN": token("databricks-token", "Databricks access token"),
  "docker/DOCKER_PERSONAL_ACCESS_TOKEN": token("docker-token", "Docker Hub access token"),
  "figma/FIGMA_PERSONAL_ACCESS_TOKEN": token("figma-token", "Figma access token"),
  "cloudflare/CLOUDFLARE_GLOBAL_API_KEY": CLOUDFLARE,
  "cloudflare/CLOUDFLARE_USER_API_TOKEN": CLOUDFLARE,
  "cloudflare/CLOUDFLARE_ACCOUNT_API_TOKEN": CLOUDFLARE,
  "tailscale/TAILSCALE_API_KEY": TAILSCALE,
  "tailscale/TAILSCALE_AUTH_KEY": TAILSCALE,
  "tailscale/TAILSCALE_CLIENT_KEY": TAILSCALE,
  "tailscale/TAILSCALE_SCIM_KEY": TAILSCALE,
  "tailscale/TAILSCALE_WEBHOOK_KEY": TAILSCALE,
  "tailscale/TAILSCALE_KEY": TAILSCALE,
  "hms/AWSSecretAccessKey": token("aws-secret-access-key", "AWS secret access key"),
  "hms/PgpPrivateKey": PRIVATE_KEY,
};

/** Messages of the tool that are no secrets: an AWS account number stands in every ARN. */
export const NOT_SECRET: readonly string[] = ["aws/AWSAccountID"];

/** The kind of a hit; one that we do not know yet (a newer tool) is taken for the worst. */
export function kindOf(toolRule: string): SecretKind {
  return (
    KINDS[toolRule] ??
    token("unclassified", `secret (${toolRule.split("/")[0]})`, "not classified yet, so taken for the worst")
  );
}
