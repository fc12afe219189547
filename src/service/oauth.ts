/**
 * OAuth for the listeners of a process, where the settings ask for it.
 *
 * @module
 */

import type { AccessSettings } from "../access/access.ts";
import type { AccessWarning } from "../access/warnings.ts";
import type { Config } from "../config.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";

/** Milliseconds between looks for revocations, for streams that are open. */
const FOLLOW_MS = 1000;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)(:\d+)?$/i;

/** What the listeners need of OAuth. */
export interface OpenedOAuth {
  /** Access settings with it; as they were where it is off. */
  access: AccessSettings;
  stop: () => void;
}

/** Adds OAuth to the access settings. Nothing of it is loaded where it is off. */
export async function withOAuth(
  runtime: ServiceRuntime,
  { oauth: settings }: Pick<Config, "oauth">,
  access: AccessSettings,
): Promise<OpenedOAuth> {
  if (settings === null) return { access, stop: () => {} };
  const { OAuth } = await import("../oauth/oauth.ts");
  const oauth = new OAuth(runtime.storage, settings, {
    onEvent: ({ action, outcome, caller, kind, address, detail }) => {
      const draft = {
        caller: { name: caller, kind, address },
        channel: "rest" as const,
        action,
        space: null,
        outcome,
        detail,
      };
      if (outcome === "ok") runtime.audit.note(draft);
      else runtime.audit.refused(draft);
    },
  });
  // While the store is away the next look is soon enough.
  const timer = setInterval(() => void oauth.grants.follow().catch(() => {}), FOLLOW_MS);
  Deno.unrefTimer(timer);
  return {
    access: {
      ...access,
      verifiers: [...access.verifiers ?? [], oauth],
      challenge: (request) => oauth.challenge(request),
      endpoints: oauth,
    },
    stop: () => clearInterval(timer),
  };
}

/** What an operator should know of the settings. */
export function oauthWarnings(
  { oauth, access: { apiKey, allowedHosts } }: Pick<Config, "oauth" | "access">,
): AccessWarning[] {
  const warnings: AccessWarning[] = [];
  if (oauth !== null && oauth.publicUrl === null && allowedHosts.some((host) => !LOOPBACK.test(host))) {
    warnings.push({
      message:
        "OAuth without MCP_PUBLIC_URL tells clients addresses of this machine alone, whatever MCP_ALLOWED_HOSTS says",
      action: "set MCP_PUBLIC_URL to the https address that clients use",
    });
  }
  if (oauth?.server == null || apiKey !== null) return warnings;
  return [...warnings, {
    message:
      "MCP_OAUTH_ENABLED=true without MCP_API_KEY: the person who agrees to a program's access signs in by an admin key",
    action: "set MCP_API_KEY, or make a key with the right admin by `unimem keys create`",
  }];
}
