/**
 * What a call can fail with: one class for each way to react.
 *
 * @module
 */

/** A fault of one field of a request, as the service lists them. */
export interface Fault {
  /** Kind of fault, such as `missing` or `string_type`. */
  type: string;
  /** Where it is: `body`, `query` or `path`, then the field's path. */
  loc: (string | number)[];
  /** The fault in words. */
  msg: string;
}

/** What is known of a failed call. */
export interface ErrorFacts {
  /** HTTP status; 0 where no answer came. */
  status: number;
  /** `X-Request-Id` of the answer, under which the service's log has the rest. */
  requestId?: string | undefined;
  /** Seconds after which the service asks to try again. */
  retryAfterSeconds?: number | undefined;
  /** Every fault of the request, where the service lists them. */
  faults?: readonly Fault[] | undefined;
  cause?: unknown;
}

/** Any failure of a call. */
export class UnimemError extends Error {
  override readonly name: string = "UnimemError";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly faults: readonly Fault[];

  constructor(message: string, { status, requestId, retryAfterSeconds, faults = [], cause }: ErrorFacts) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
    this.faults = faults;
  }
}

/** The request is wrong and stays wrong: 400, 413, 415 and 422. */
export class InvalidRequestError extends UnimemError {
  override readonly name = "InvalidRequestError";
}

/** The key is missing or wrong: 401. */
export class AuthenticationError extends UnimemError {
  override readonly name = "AuthenticationError";
}

/** The key has no right to this, or the service doesn't take this Host or Origin: 403. */
export class PermissionError extends UnimemError {
  override readonly name = "PermissionError";
}

/** Nothing is there under this key, id or name: 404. An outage is never answered like this. */
export class NotFoundError extends UnimemError {
  override readonly name = "NotFoundError";
}

/** It contradicts what is there by now: 409. */
export class ConflictError extends UnimemError {
  override readonly name = "ConflictError";
}

/** Too much waits already, or the key's limit is reached: 429. */
export class RateLimitError extends UnimemError {
  override readonly name = "RateLimitError";
}

/** The store or the model can't be reached, or the store has no room left: 502, 503, 504 and 507. */
export class UnavailableError extends UnimemError {
  override readonly name = "UnavailableError";
}

/** No answer came: nothing listens, the connection broke, or the time limit passed. */
export class ConnectionError extends UnimemError {
  override readonly name = "ConnectionError";
}

const CLASSES: Record<number, typeof UnimemError> = {
  400: InvalidRequestError,
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  422: InvalidRequestError,
  429: RateLimitError,
  502: UnavailableError,
  503: UnavailableError,
  504: UnavailableError,
  507: UnavailableError,
};

/** The error that an answer stands for. */
export async function errorOf(response: Response, what: string): Promise<UnimemError> {
  const text = await response.text().catch(() => "");
  const { words, faults } = read(text);
  const facts = {
    status: response.status,
    requestId: response.headers.get("x-request-id") ?? undefined,
    retryAfterSeconds: retryAfter(response),
    faults,
  };
  const message = `Cannot ${what}: ${words || response.statusText || "no reason given"} (${response.status})`;
  return new (CLASSES[response.status] ?? UnimemError)(message, facts);
}

/** Seconds that `Retry-After` names, as a number or as a date. */
export function retryAfter(response: Response): number | undefined {
  const text = response.headers.get("retry-after");
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** The reason in words, and the faults that a body lists; a proxy's page says nothing that fits a message. */
function read(text: string): { words: string; faults: Fault[] } {
  let detail: unknown;
  try {
    detail = (JSON.parse(text) as { detail?: unknown }).detail;
  } catch {
    return { words: "", faults: [] };
  }
  if (typeof detail === "string") return { words: detail, faults: [] };
  if (Array.isArray(detail)) {
    const faults = detail as Fault[];
    return {
      words: faults.map(({ loc, msg }) => `${loc.slice(1).join(".") || loc.join(".")}: ${msg}`).join("; "),
      faults,
    };
  }
  const { error_description: said } = (detail ?? {}) as { error_description?: unknown };
  return { words: typeof said === "string" ? said : "", faults: [] };
}
