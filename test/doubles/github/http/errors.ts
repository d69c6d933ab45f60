import type { Reply } from "./router.ts";

const DOCUMENTATION_URL = "https://docs.github.com/rest";

export type FieldError = { resource: string; field?: string; code: string; value?: unknown; message?: string };

/** An answer other than success, as GitHub words it: `{message, documentation_url, status, errors?}`. */
export class ApiError extends Error {
  readonly status: number;
  readonly errors: (FieldError | string)[] | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    message: string,
    options: { errors?: (FieldError | string)[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }

  reply(): Reply {
    const body = {
      message: this.message,
      ...(this.errors ? { errors: this.errors } : {}),
      documentation_url: DOCUMENTATION_URL,
      status: String(this.status),
    };
    return { status: this.status, body, headers: this.headers };
  }
}

/** Also what one sees of things one may not see. */
export function notFound(message = "Not Found"): ApiError {
  return new ApiError(404, message);
}

export function forbidden(message = "Resource not accessible by integration"): ApiError {
  return new ApiError(403, message);
}

export function validationFailed(...errors: (FieldError | string)[]): ApiError {
  return new ApiError(422, "Validation Failed", { errors });
}

export function invalidRequest(...problems: string[]): ApiError {
  return new ApiError(422, `Invalid request.\n\n${problems.join("\n")}`);
}
