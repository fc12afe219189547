/**
 * The answers access checks give.
 *
 * @module
 */

/** Answers the request instead of its route; null lets it pass. */
export type Check = (request: Request) => Response | null;

/** A JSON answer that ends a request: `{"detail": …}`, as every error of the REST API. */
export function refuse(status: number, detail: unknown, headers: Record<string, string> = {}): Response {
  return Response.json({ detail }, { status, headers: { "Cache-Control": "no-store", ...headers } });
}
