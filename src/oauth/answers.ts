/**
 * Answers of the authorization server, and the errors that lead to them.
 *
 * @module
 */

/** Error codes of RFC 6749, 7009, 7591 and 8707. */
export type OAuthErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "unsupported_response_type"
  | "invalid_scope"
  | "invalid_target"
  | "invalid_redirect_uri"
  | "invalid_client_metadata"
  | "invalid_token"
  | "access_denied"
  | "temporarily_unavailable";

/** A request that the server refuses, in the protocol's words. */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly code: OAuthErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: OAuthErrorCode, description: string, status = 400, headers: Record<string, string> = {}) {
    super(description);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }

  /** As JSON, which is how all endpoints but the consent page answer. */
  get response(): Response {
    const body = { error: this.code, error_description: describable(this.message) };
    return json(body, this.status, { ...this.headers });
  }
}

/** A JSON answer that no cache keeps. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers: { "Cache-Control": "no-store", Pragma: "no-cache", ...headers } });
}

/** A description with the characters that RFC 6749 allows there. */
export function describable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
}

/** Parameters of a form or a query. Each may come once only (RFC 6749, section 3.1); empty ones count as absent. */
export class Parameters {
  readonly #values: URLSearchParams;

  constructor(text: string) {
    this.#values = new URLSearchParams(text);
  }

  /** The value of a parameter. @throws {OAuthError} when it comes twice. */
  get(name: string): string | undefined {
    const values = this.#values.getAll(name);
    if (values.length > 1) {
      throw new OAuthError("invalid_request", `The parameter ${name} comes ${values.length} times`);
    }
    return values[0] || undefined;
  }

  /** @throws {OAuthError} when it is missing, or comes twice. */
  need(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw new OAuthError("invalid_request", `The parameter ${name} is missing`);
    return value;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
}
