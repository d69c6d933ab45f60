import { rules as presetRules } from "@secretlint/secretlint-rule-preset-recommend";
import type { SecretLintCoreConfig, SecretLintRuleCreator } from "@secretlint/types";
import { NOT_SECRET } from "./kinds.ts";

const PREFIX = "@secretlint/secretlint-rule-";

/**
 * Rules of the recommended preset that are not used. The preset as a whole obeys `secretlint-disable` comments, even with this rule
 * switched off in its configuration: a pull request could hide its own leak. So its rules are registered one by one.
 */
const LEFT_OUT = [`${PREFIX}filter-comments`];

interface Pattern {
  id: string;
  pattern: RegExp;
}

const OWN_PATTERNS: Pattern[] = [
  // The tool's own pattern ends in `\b` and so misses each secret whose last character is `/` or `+` (one in thirty).
  {
    id: "AWSSecretAccessKey",
    pattern:
      /(?:aws|secret)_?(?:secret)?_?(?:access)?_?key["']?\s{0,8}(?::|=>|=)\s{0,8}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
  },
  // The tool checks for an ASN.1 or OpenSSH head, which a PGP block does not have.
  {
    id: "PgpPrivateKey",
    pattern: /(-----BEGIN PGP PRIVATE KEY BLOCK-----[^-]{100,100000}-----END PGP PRIVATE KEY BLOCK-----)/g,
  },
];
/** AWS's documentation key, as the tool allows it too. */
const DOCUMENTATION_KEYS = ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"];

const ownRule: SecretLintRuleCreator = {
  messages: Object.fromEntries(OWN_PATTERNS.map(({ id }) => [id, { en: () => id }])),
  meta: { id: `${PREFIX}hms`, recommended: true, type: "scanner", supportedContentTypes: ["text"] },
  create(context) {
    return {
      file(source) {
        for (const { id, pattern } of OWN_PATTERNS) {
          for (const match of source.content.matchAll(pattern)) {
            const secret = match[1] ?? match[0];
            if (DOCUMENTATION_KEYS.includes(secret)) continue;
            const start = match.index + match[0].indexOf(secret);
            context.report({
              message: { message: id, messageId: id, data: {} },
              range: [start, start + secret.length],
            });
          }
        }
      },
    };
  },
};

/** Every rule with the options that we set; nothing of it can come from a repository. */
export const TOOL_CONFIG: SecretLintCoreConfig = {
  rules: [...(presetRules as unknown as SecretLintRuleCreator[]), ownRule]
    .filter((rule) => !LEFT_OUT.includes(rule.meta.id))
    .map((rule) => ({
      id: rule.meta.id,
      rule,
      options: rule.meta.id === `${PREFIX}aws` ? { enableIDScanRule: true } : {},
      allowMessageIds: NOT_SECRET.filter((id) => rule.meta.id === PREFIX + id.split("/")[0]).map(
        (id) => id.split("/")[1] ?? "",
      ),
    })),
};

/** `@secretlint/secretlint-rule-aws` and `AWSAccessKeyID` → `aws/AWSAccessKeyID`. */
export function toolRuleName(ruleId: string, messageId: string): string {
  return `${ruleId.startsWith(PREFIX) ? ruleId.slice(PREFIX.length) : ruleId}/${messageId}`;
}
