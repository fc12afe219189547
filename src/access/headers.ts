/**
 * Headers that every answer of both ports carries.
 *
 * @module
 */

/** A year, the least that the preload lists of browsers take. */
const HSTS = "max-age=31536000";

const HEADERS: readonly (readonly [name: string, value: string])[] = [
  // Browsers don't guess types, and send no referrer to other sites.
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  // Pages of other origins can't embed an answer as an image or a script. CORS requests aren't concerned.
  ["Cross-Origin-Resource-Policy", "same-origin"],
  // No page here uses the machine's devices.
  ["Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=()"],
];

/** Adds the headers to `response` and gives it back. */
export function secured(request: Request, response: Response): Response {
  for (const [name, value] of HEADERS) response.headers.set(name, value);
  // Only where this process itself speaks TLS; a proxy that ends TLS sends its own.
  if (request.url.startsWith("https:")) response.headers.set("Strict-Transport-Security", HSTS);
  return response;
}
