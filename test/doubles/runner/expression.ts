/** Values that an expression sees, by the name of their context: `inputs`, `steps`, `needs`, `vars`, `github` … */
export type Contexts = Readonly<Record<string, unknown>>;
/** What came before: for `success()`, `failure()`, `cancelled()`. */
export type Status = "success" | "failure" | "cancelled";

/** A text with `${{ }}` in it: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions — the part that our workflows use. */
export function interpolate(text: string, contexts: Contexts, status: Status = "success"): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, inner: string) => asText(evaluate(inner, contexts, status)));
}

/** An `if`: without a status function in it, `success()` is meant as well. */
export function holds(condition: string | boolean | undefined, contexts: Contexts, status: Status): boolean {
  if (condition === undefined) return status === "success";
  if (typeof condition === "boolean") return condition && status === "success";
  const inner = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(condition)?.[1] ?? condition;
  const result = isTruthy(evaluate(inner, contexts, status));
  return /\b(?:always|success|failure|cancelled)\s*\(/.test(inner) ? result : result && status === "success";
}

/** @throws {Error} where something stands in it that this runner does not know: better than a value that GitHub would not give. */
export function evaluate(text: string, contexts: Contexts, status: Status): unknown {
  const tokens = [
    ...text.matchAll(/\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|(==|!=|&&|\|\||[!().,[\]])|([A-Za-z_][\w-]*))/gy),
  ];
  const read = tokens.reduce((sum, [all]) => sum + all.length, 0);
  if (text.slice(read).trim() !== "") throw new Error(`This runner does not know the expression ${text.trim()}`);
  const parser = new Parser(
    tokens.map(([all]) => all.trim()),
    contexts,
    status,
  );
  return parser.whole();
}

class Parser {
  private at = 0;
  private readonly tokens: readonly string[];
  private readonly contexts: Contexts;
  private readonly status: Status;

  constructor(tokens: readonly string[], contexts: Contexts, status: Status) {
    this.tokens = tokens;
    this.contexts = contexts;
    this.status = status;
  }

  whole(): unknown {
    const value = this.or();
    if (this.at !== this.tokens.length)
      throw new Error(`This runner does not know what ${this.tokens.slice(this.at).join(" ")} means`);
    return value;
  }

  private or(): unknown {
    let value = this.and();
    while (this.took("||")) {
      const right = this.and();
      value = isTruthy(value) ? value : right;
    }
    return value;
  }

  private and(): unknown {
    let value = this.equal();
    while (this.took("&&")) {
      const right = this.equal();
      value = isTruthy(value) ? right : value;
    }
    return value;
  }

  private equal(): unknown {
    const value = this.unary();
    if (this.took("==")) return same(value, this.unary());
    if (this.took("!=")) return !same(value, this.unary());
    return value;
  }

  private unary(): unknown {
    if (this.took("!")) return !isTruthy(this.unary());
    if (this.took("(")) {
      const value = this.or();
      this.expect(")");
      return value;
    }
    const token = this.tokens[this.at] ?? "";
    this.at += 1;
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (/^-?\d/.test(token)) return Number(token);
    if (token === "true" || token === "false") return token === "true";
    if (token === "null") return null;
    if (this.took("(")) return this.call(token);
    return this.path(token);
  }

  private call(name: string): unknown {
    this.expect(")");
    if (name === "always") return true;
    if (name === "success" || name === "failure" || name === "cancelled") return this.status === name;
    throw new Error(`This runner does not know the function ${name}`);
  }

  private path(context: string): unknown {
    if (!Object.hasOwn(this.contexts, context)) throw new Error(`This runner does not know the context ${context}`);
    let value: unknown = this.contexts[context];
    for (;;) {
      let name: string;
      if (this.took(".")) name = this.tokens[this.at++] ?? "";
      else if (this.took("[")) {
        name = asText(this.or());
        this.expect("]");
      } else return value;
      value =
        typeof value === "object" && value !== null && Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : null;
    }
  }

  private took(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at += 1;
    return true;
  }

  private expect(token: string): void {
    if (!this.took(token)) throw new Error(`This runner expected ${token} in an expression`);
  }
}

function isTruthy(value: unknown): boolean {
  return value !== null && value !== undefined && value !== "" && value !== false && value !== 0;
}

/** GitHub compares strings without regard to case. */
function same(left: unknown, right: unknown): boolean {
  if (typeof left === "string" && typeof right === "string") return left.toLowerCase() === right.toLowerCase();
  return (left ?? "") === (right ?? "");
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
