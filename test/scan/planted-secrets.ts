import fc from "fast-check";

/** One planted secret: the text that has to hold it, and the rule that must find it. The parts are joined here, so that no scanner sees them in this file. */
export interface Planted {
  rule: string;
  line: string;
  secret: string;
}

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";
const LETTERS = UPPER + UPPER.toLowerCase();
const ALNUM = LETTERS + DIGITS;

function chars(alphabet: string, length: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...alphabet), minLength: length, maxLength: length });
}

function planted(
  rule: string,
  prefix: string,
  body: fc.Arbitrary<string>,
  suffix = "",
  around = (s: string) => `key: ${s}`,
) {
  return body.map((text): Planted => {
    const secret = `${prefix}${text}${suffix}`;
    return { rule: `secrets/${rule}`, secret, line: around(secret) };
  });
}

/** A random secret of each kind that has a format of its own. */
export const PLANTED: readonly fc.Arbitrary<Planted>[] = [
  planted("aws-access-key-id", "AKI" + "A", chars(UPPER + DIGITS, 16)),
  planted("aws-secret-access-key", "", chars(`${ALNUM}/+`, 40), "", (s) => `aws_secret_${"access"}_key = "${s}"`),
  planted("aws-secret-access-key", "", chars(`${ALNUM}/+`, 40), "", (s) => `AWS_SECRET_${"ACCESS"}_KEY=${s}`),
  planted(
    "private-key",
    `-----BEGIN RSA PRIV${"ATE"} KEY-----\nMI`,
    chars(`${ALNUM}+/`, 600),
    `\n-----END RSA PRIV${"ATE"} KEY-----`,
    (s) => s,
  ),
  planted("github-token", "gh" + "p_", chars(ALNUM, 36)),
  planted("github-token", "github_" + "pat_", chars(ALNUM, 82)),
  planted("gitlab-token", "glp" + "at-", chars(ALNUM, 20)),
  planted("npm-token", "np" + "m_", chars(ALNUM, 36)),
  planted("slack-token", "xox" + "b-", chars(DIGITS, 12), "-abcDEF0123456789"),
  planted("sendgrid-key", "S" + "G.", chars(ALNUM, 22), `.${"x".repeat(42)}1`),
  planted("shopify-key", "shp" + "at_", chars("0123456789abcdef", 32)),
  planted("stripe-live-key", "sk_" + "live_", chars(ALNUM, 24)),
  planted("stripe-test-key", "sk_" + "test_", chars(ALNUM, 24)),
  planted("anthropic-key", "sk-" + "ant-api03-", chars(ALNUM, 93), "AA"),
  planted("huggingface-token", "h" + "f_", chars(LETTERS, 34)),
  planted("databricks-token", "da" + "pi", chars("0123456789abcdef", 32)),
  planted("docker-token", "dckr_" + "pat_", chars(ALNUM, 27)),
  planted("url-password", "", chars(ALNUM, 12), "", (s) => `url = https://deploy:${s}@registry.acme.dev/x`),
  planted("database-password", "", chars(ALNUM, 12), "", (s) => `DATABASE=postgres://shop:${s}@db.acme.dev:5432/shop`),
];

export const anyPlanted: fc.Arbitrary<Planted> = fc.oneof(...PLANTED);
