import { ApiError, invalidRequest } from "./errors.ts";

type Json = Record<string, unknown>;

/** A request's JSON object, read field by field with GitHub's words for what is wrong. */
export class Body {
  readonly json: Json;

  constructor(json: Json) {
    this.json = json;
  }

  /** JSON, or a form as browsers and OAuth clients send it. */
  static parse(raw: Buffer, contentType = ""): Body {
    if (raw.length === 0) return new Body({});
    if (contentType.startsWith("application/x-www-form-urlencoded"))
      return new Body(Object.fromEntries(new URLSearchParams(raw.toString("utf8"))));
    let json: unknown;
    try {
      json = JSON.parse(raw.toString("utf8"));
    } catch {
      throw new ApiError(400, "Problems parsing JSON");
    }
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return new Body(json as Json);
    if (Array.isArray(json)) return new Body({ "": json });
    throw new ApiError(400, "Body should be a JSON object");
  }

  has(name: string): boolean {
    return this.json[name] !== undefined;
  }

  string(name: string): string {
    const value = this.json[name];
    if (value === undefined || value === null) throw invalidRequest(`"${name}" wasn't supplied.`);
    return this.typed(name, "string", value);
  }

  optionalString(name: string): string | undefined {
    const value = this.json[name];
    return value === undefined || value === null ? undefined : this.typed(name, "string", value);
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.json[name];
    return value === undefined || value === null ? fallback : this.typed<boolean>(name, "boolean", value);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.json[name];
    return value === undefined || value === null ? undefined : this.typed<number>(name, "number", value);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.string(name);
    if (!(values as readonly string[]).includes(value)) {
      throw invalidRequest(`${value} is not a member of ["${values.join('", "')}"].`);
    }
    return value as T;
  }

  optionalOneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    return this.json[name] === undefined || this.json[name] === null ? undefined : this.oneOf(name, values);
  }

  object(name: string): Body | undefined {
    const value = this.json[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value))
      throw invalidRequest(`For '${name}', ${JSON.stringify(value)} is not an object.`);
    return new Body(value as Json);
  }

  /** An array of objects. */
  objects(name: string): Body[] | undefined {
    return this.array(name)?.map((value, index) => {
      if (typeof value !== "object" || value === null)
        throw invalidRequest(`For '${name}/${index}', ${JSON.stringify(value)} is not an object.`);
      return new Body(value as Json);
    });
  }

  strings(name: string): string[] | undefined {
    return this.array(name)?.map((value, index) => this.typed(`${name}/${index}`, "string", value));
  }

  numbers(name: string): number[] | undefined {
    return this.array(name)?.map((value, index) => this.typed<number>(`${name}/${index}`, "number", value));
  }

  private array(name: string): unknown[] | undefined {
    const value = this.json[name];
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) throw invalidRequest(`For '${name}', ${JSON.stringify(value)} is not an array.`);
    return value;
  }

  private typed<T extends string | boolean | number = string>(name: string, type: string, value: unknown): T {
    if (typeof value !== type) throw invalidRequest(`For '${name}', ${JSON.stringify(value)} is not a ${type}.`);
    return value as T;
  }
}
