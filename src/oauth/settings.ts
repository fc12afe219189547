/**
 * What the settings say of OAuth.
 *
 * @module
 */

import type { Right } from "../access/caller.ts";

/** The built-in authorization server. */
export interface ServerSettings {
  /** Seconds for which an authorization code and an access token are good. */
  codeSeconds: number;
  accessSeconds: number;
}

/** An authorization server of the operator's choice, whose tokens are taken. */
export interface IssuerSettings {
  /** Its issuer identifier, an `https:` address, or one of this machine. */
  issuer: string;
  /** What its tokens may name as their audience besides this service's own addresses. */
  audience: readonly string[];
  /** Name of the claim that holds the rights: a text with words, or a list. */
  rightsClaim: string;
  /** Rights by the words of that claim. */
  rights: Readonly<Record<string, Right>>;
  /** Name of the claim that holds the spaces, the one to write to first; null gives every token `spaces`. */
  spacesClaim: string | null;
  /** Spaces of tokens without that claim; the first one to write to. Empty refuses them. */
  spaces: readonly string[];
}

/** OAuth, of which at least one part is on. */
export interface OAuthSettings {
  /** Address under which clients reach the service, without a slash at the end; null for the one they use. */
  publicUrl: string | null;
  /** Not both. */
  server: ServerSettings | null;
  issuer: IssuerSettings | null;
}
