/**
 * Redirect URIs: which ones a client may register, and whether a request names one of its own. They are compared as
 * texts; only the port of a loopback address is free, since a program on the user's machine takes what it gets (RFC
 * 8252, section 7.3).
 *
 * @module
 */

const MAX_LENGTH = 2000;
/** Schemes that run code, read files or lead nowhere, whatever client asks for them. */
const NEVER = new Set([
  ...[
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
    "view-source",
    "ws",
    "wss",
    "ftp",
    "ftps",
  ],
  ...["mailto", "tel", "chrome", "chrome-extension", "resource", "jar", "intent", "search-ms", "ms-msdt"],
]);
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?((?:[/?][^#]*)?)$/;

/** Why a client can't have a redirect URI; null when it can. */
export function faultOf(uri: string): string | null {
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  // Browsers drop some of these and turn a backslash around, so that what is compared isn't what is opened.
  if (!/^[!-~]+$/.test(uri) || /[\\"<>^`{|}]/.test(uri)) return "has characters that no URI has";
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(uri)?.[1];
  if (scheme === undefined || !URL.canParse(uri)) return "is not an absolute URI with its scheme in lower case";
  if (uri.includes("#")) return "has a fragment";
  if (uri.includes("*")) return "has a wildcard";
  if (NEVER.has(scheme)) return `has the scheme ${scheme}`;
  if (scheme === "http") {
    return LOOPBACK.test(uri) && URL.canParse(uri) ? null : "is http and not of a loopback address; use https";
  }
  if (scheme !== "https") return null;
  if (!/^https:\/\/[^/?@:]/.test(uri)) return "names no host";
  return /^https:\/\/[^/?]*@/.test(uri) ? "has a user's name" : null;
}

/** Whether a request's redirect URI is one of the client's. */
export function isRegistered(uri: string, registered: readonly string[]): boolean {
  if (faultOf(uri) !== null) return false;
  if (registered.includes(uri)) return true;
  const asked = withoutPort(uri);
  return asked !== null && registered.some((other) => withoutPort(other) === asked);
}

/** Who gets the answer, as a person can tell it, and what a page's policy calls it. */
export function destinationOf(uri: string): { name: string; source: string; local: boolean } {
  const { protocol, origin, host } = new URL(uri);
  if (protocol === "https:") return { name: host, source: origin, local: false };
  if (protocol === "http:") {
    // A policy has no way to write an address of IPv6.
    const source = host.startsWith("[") ? "http:" : origin;
    return { name: `a program on this computer (${host})`, source, local: true };
  }
  return { name: `the program on this computer that opens ${protocol}`, source: protocol, local: true };
}

function withoutPort(uri: string): string | null {
  const match = LOOPBACK.exec(uri);
  return match === null ? null : match[1]! + match[2]!;
}
