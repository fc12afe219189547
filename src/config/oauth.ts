/**
 * What the settings say of OAuth, checked as a whole.
 *
 * @module
 */

import { isSpaceName } from "../memory/space.ts";
import type { OAuthSettings } from "../oauth/settings.ts";
import type { SettingValues } from "../settings.ts";
import { isOAuth } from "./unknown.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
/** Settings that concern tokens of an issuer only. */
const OF_ISSUER = [
  "MCP_OAUTH_AUDIENCE",
  "MCP_OAUTH_RIGHTS_CLAIM",
  "MCP_OAUTH_RIGHTS",
  "MCP_OAUTH_SPACES_CLAIM",
  "MCP_OAUTH_SPACES",
] as const;

/** OAuth as it is to run, null for none; what is wrong goes to `problems`. */
export function oauthOf(values: SettingValues, isOpenToOthers: boolean, problems: string[]): OAuthSettings | null {
  const enabled = values.MCP_OAUTH_ENABLED ?? false, named = values.MCP_OAUTH_ISSUER;
  const given = publicUrlOf(values, problems);
  if (!enabled && named === undefined) return null;
  // The Python service's own address: with its server on, that is what MCP_OAUTH_ISSUER says.
  const publicUrl = enabled && given === null && named !== undefined
    ? addressIn("MCP_OAUTH_ISSUER", named, problems)
    : given;
  if (publicUrl === null && isOpenToOthers) {
    problems.push(
      "MCP_PUBLIC_URL: OAuth on an address other than loopback needs it, the https address that clients use",
    );
  }
  if (!enabled) return { publicUrl, server: null, issuer: issuerOf(values, named!, publicUrl, problems) };
  if (named !== undefined && given !== null && withoutSlash(named) !== given) {
    problems.push(
      `MCP_OAUTH_ISSUER=${JSON.stringify(named)}: with MCP_OAUTH_ENABLED=true the service is its own issuer, at ` +
        `MCP_PUBLIC_URL; leave MCP_OAUTH_ISSUER out, or MCP_OAUTH_ENABLED to take another issuer's tokens`,
    );
  }
  for (const name of OF_ISSUER) {
    if (values[name] !== undefined) {
      problems.push(`${name}: is about another issuer's tokens, with MCP_OAUTH_ISSUER and without MCP_OAUTH_ENABLED`);
    }
  }
  const server = {
    codeSeconds: 60 * (values.MCP_OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES ?? 10),
    accessSeconds: 60 * (values.MCP_OAUTH_ACCESS_TOKEN_EXPIRE_MINUTES ?? 60),
  };
  return { publicUrl, server, issuer: null };
}

/** The variables that asked for OAuth in the Python service and don't turn it on here, in order. */
export function oauthLeftOvers(set: ReadonlyMap<string, string>): string[] {
  return [...set].filter(([name, value]) => isOAuth(name) && value.trim() !== "").map(([name]) => name).sort();
}

/** The public address without a slash at its end; null where there is none, or it is wrong. */
export function publicUrlOf(values: SettingValues, problems: string[]): string | null {
  const { MCP_PUBLIC_URL: text } = values;
  return text === undefined ? null : addressIn("MCP_PUBLIC_URL", text, problems);
}

function addressIn(name: string, text: string, problems: string[]): string | null {
  const { protocol, hostname, search, hash, username, pathname } = new URL(text);
  const problem = protocol !== "https:" && !LOOPBACK.test(hostname)
    ? "tokens may only go over https, or stay on this machine"
    : search !== "" || hash !== "" || username !== "" || /[?#]/.test(text)
    ? "an address has a host and a path here, and nothing else"
    : /^\/s\/|\/\/|%/.test(`${withoutSlash(pathname)}/`.replace(/^\/$/, "")) ||
        /^\/(oauth|\.well-known|api|mcp|sse)(\/|$)/.test(pathname)
    ? "its path would be mistaken for one of the service's own"
    : null;
  if (problem === null) return withoutSlash(new URL(text).href);
  problems.push(`${name}=${JSON.stringify(text)}: ${problem}`);
  return null;
}

function issuerOf(
  values: SettingValues,
  issuer: string,
  publicUrl: string | null,
  problems: string[],
): OAuthSettings["issuer"] {
  const { protocol, hostname, hash, search } = new URL(issuer);
  if (protocol !== "https:" && !LOOPBACK.test(hostname) || hash !== "" || search !== "") {
    problems.push(`MCP_OAUTH_ISSUER=${JSON.stringify(issuer)}: use an https address, or one of this machine`);
  }
  if (withoutSlash(issuer) === publicUrl) {
    problems.push(
      `MCP_OAUTH_ISSUER=${JSON.stringify(issuer)}: that is this service itself (MCP_PUBLIC_URL); set ` +
        "MCP_OAUTH_ENABLED=true for its own authorization server",
    );
  }
  const spaces = values.MCP_OAUTH_SPACES ?? [values.MCP_OAUTH_SPACES_CLAIM === undefined ? "default" : ""];
  const wrong = spaces.find((name) => name !== "" && name !== "*" && !isSpaceName(name));
  if (wrong !== undefined) problems.push(`MCP_OAUTH_SPACES: ${JSON.stringify(wrong)} is no name of a space`);
  return {
    issuer,
    audience: values.MCP_OAUTH_AUDIENCE ?? [],
    rightsClaim: values.MCP_OAUTH_RIGHTS_CLAIM ?? "scope",
    rights: values.MCP_OAUTH_RIGHTS ?? { read: "read", write: "write", admin: "admin" },
    spacesClaim: values.MCP_OAUTH_SPACES_CLAIM ?? null,
    spaces: spaces.filter((name) => name !== ""),
  };
}

function withoutSlash(address: string): string {
  return address.replace(/\/$/, "");
}
