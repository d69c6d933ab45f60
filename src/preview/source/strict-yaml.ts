import { isAlias, isNode, isPair, isScalar, parseDocument, visit } from "yaml";

/**
 * Reads YAML that the tools behind Argo CD read too, and only such of it as YAML 1.1 and 1.2, Go and JavaScript understand alike: what one parser
 * takes for a comment must not be a key of the other. No tags, aliases, directives, second documents or line breaks that only one of them knows.
 */
export function strictYaml(text: string): { value: unknown } | { problem: string } {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]|\r(?!\n)|.\ufeff/s.test(text))
    return { problem: "has control characters" };
  if (/^%/m.test(text)) return { problem: "has YAML directives" };
  try {
    const document = parseDocument(text);
    if (document.errors.length > 0 || document.warnings.length > 0)
      return { problem: "is not one plain YAML document" };
    let problem: string | undefined;
    visit(document, (_key, node) => {
      if (isAlias(node)) problem = "has YAML aliases";
      else if (isNode(node) && node.tag !== undefined) problem = "has YAML tags";
      else if (isPair(node) && !(isScalar(node.key) && typeof node.key.value === "string"))
        problem = "has keys that are no text";
      return problem === undefined ? undefined : visit.BREAK;
    });
    return problem === undefined ? { value: document.toJS({ maxAliasCount: 0 }) } : { problem };
  } catch {
    return { problem: "is nested too deeply" };
  }
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
