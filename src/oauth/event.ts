/**
 * What the authorization server reports to the audit log.
 *
 * @module
 */

/** Something that belongs into the audit log. */
export interface OAuthEvent {
  action: "oauthConsent" | "oauthTokenReuse" | "oauthRevoke";
  /** `ok`, or why not. */
  outcome: "ok" | "forbidden" | "unauthorized";
  /** Name of the key that signed in, or of the client. */
  caller: string | null;
  /** What the name is one of, as with callers. */
  kind: string | null;
  /** Address the request came from; filled in by the server, absent where it came over no socket. */
  address?: string | undefined;
  detail: string;
}
