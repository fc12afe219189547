/**
 * A service with OAuth for tests: both listeners over one store, called in process.
 *
 * @module
 */

// First, because its packages give zod's schemas the methods that describe them in OpenAPI.
import { appOver } from "../http/client.ts";
import { type AccessSettings, sharedAccess } from "../../src/access/access.ts";
import { createKey, type CreateKeyInput } from "../../src/operations/keys/manage.ts";
import { KeyRing } from "../../src/operations/keys/ring.ts";
import { createMcpListener } from "../../src/mcp/listener.ts";
import { OAuth, type OAuthOptions } from "../../src/oauth/oauth.ts";
import type { OAuthSettings } from "../../src/oauth/settings.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { ADMIN_KEY, type Ask, Flow } from "./flow.ts";

/** A service under test. */
export interface TestService extends AsyncDisposable {
  runtime: ServiceRuntime;
  oauth: OAuth;
  /** The settings of its listeners. */
  access: AccessSettings;
  rest: Ask;
  mcp: Ask;
  /** The steps over REST's port. */
  flow: Flow;
  /** Makes a named key, known at once; its token. */
  key(input: Partial<Omit<CreateKeyInput, "rights">> & Pick<CreateKeyInput, "rights">): Promise<string>;
  /** Moves the clock on. */
  pass(seconds: number): void;
}

/** What differs from a service with its own server and an admin key. */
export interface ServiceOptions {
  settings?: Partial<OAuthSettings>;
  options?: OAuthOptions;
  apiKey?: string | null;
  allowedHosts?: string[];
}

/** The settings of a service with its own server. */
export const OWN: OAuthSettings = { publicUrl: null, server: { codeSeconds: 600, accessSeconds: 3600 }, issuer: null };

/** Opens a service over an empty store. */
export async function openService(
  { settings, options, apiKey = ADMIN_KEY, allowedHosts = [] }: ServiceOptions = {},
): Promise<TestService> {
  const test = await testRuntime();
  let passed = 0, made = 0;
  const oauth = new OAuth(test.runtime.storage, { ...OWN, ...settings }, {
    now: () => Date.now() / 1000 + passed,
    clock: () => performance.now() + passed * 1000,
    ...options,
  });
  const log = createLogger("error", () => {});
  const ring = new KeyRing(test.runtime.storage, { log });
  const access = sharedAccess({
    apiKey,
    allowedHosts,
    corsOrigins: [],
    maxBodyBytes: 1 << 20,
    verifiers: [ring, oauth],
    challenge: (request) => oauth.challenge(request),
    endpoints: oauth,
  });
  const app = appOver(test.runtime, { ...access, log });
  const listener = createMcpListener(test.runtime, { access, serverName: "unimem", log });
  const rest: Ask = async (path, init) => await app.request(path, init);
  return {
    runtime: test.runtime,
    oauth,
    access,
    rest,
    mcp: (path, init) => listener.fetch(new Request(`http://localhost${path}`, init)),
    flow: new Flow(rest),
    key: async (input) => {
      const { token } = await createKey(test.runtime, { name: `key ${++made}`, ...input });
      await ring.refresh();
      return token;
    },
    pass: (seconds) => void (passed += seconds),
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      await ring.stop();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** A Bearer header. */
export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Calls a tool on a port that serves MCP, without a session. */
export async function callTool(ask: Ask, token: string, name: string, args: Record<string, unknown> = {}) {
  return await ask("/mcp", {
    method: "POST",
    headers: {
      ...bearer(token),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": name,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name,
        arguments: args,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  });
}
