/** Keys and spaces of real processes: over standard input, and over both ports by path and header. */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CONNECT } from "../mcp/clients.ts";
import { unimemIn } from "../cli/command.ts";
import { inFolder } from "../helpers/folder.ts";
import { start, taskArguments, testEnvironment, until } from "../helpers/process.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";

interface Listed {
  total: number;
  memories: { content: string; space?: string }[];
}

/** Starts `unimem stdio` as a client does, with options before the command. */
async function overStdio<T>(
  env: Record<string, string>,
  options: string[],
  body: (call: (name: string, args?: Record<string, unknown>) => Promise<unknown>, client: Client) => Promise<T>,
): Promise<T> {
  const words = await taskArguments("stdio");
  const transport = new StdioClientTransport({
    command: Deno.execPath(),
    args: [...words.slice(0, -1), ...options, ...words.slice(-1)],
    cwd: new URL("../..", import.meta.url).pathname,
    env,
    stderr: "ignore",
  });
  const client = new Client({ name: "test", version: "1" });
  // The SDK's own declaration of its transports doesn't fit its Transport under exactOptionalPropertyTypes.
  await client.connect(transport as unknown as Parameters<Client["connect"]>[0]);
  try {
    return await body(async (name, args = {}) => {
      const { structuredContent, isError } = await client.callTool({ name, arguments: args });
      assert(!isError, name);
      return structuredContent;
    }, client);
  } finally {
    await client.close();
  }
}

Deno.test("stdio works in the spaces of MCP_SPACE, or of --space, which wins", () =>
  inFolder(async (folder) => {
    const env = (space?: string) => testEnvironment(folder, space === undefined ? {} : { MCP_SPACE: space });
    const contents = async (given: Record<string, string>, ...options: string[]) =>
      await overStdio(given, options, async (call) => {
        const { memories } = await call("list_memories") as Listed;
        return memories.map(({ content, space }) => `${content} ${space ?? ""}`.trim()).sort();
      });
    const store = (given: Record<string, string>, content: string, ...options: string[]) =>
      overStdio(given, options, (call) => call("store_memory", { content }));
    await store(env("alpha"), "Of alpha.");
    await store(env("alpha"), "Of beta.", "--space", "beta,alpha");
    await store(env(), "Of default.");
    assertEquals(await contents(env()), ["Of default."]);
    assertEquals(await contents(env("alpha")), ["Of alpha. alpha"]);
    assertEquals(await contents(env("beta, alpha")), ["Of alpha. alpha", "Of beta. beta"]);
    assertEquals(await contents(env("alpha"), "--space=beta"), ["Of beta. beta"]);
    const argument = async (space: string) =>
      await overStdio(env(space), [], async (_call, client) => {
        const { tools } = await client.listTools();
        const { properties } = tools.find((tool: { name: string }) => tool.name === "search")!.inputSchema;
        return (properties?.space as { enum: string[] } | undefined)?.enum;
      });
    assertEquals([await argument("beta,alpha"), await argument("alpha")], [["beta", "alpha"], undefined]);
    for (const [given, ...args] of [[env("No Space"), "stdio"], [env(), "--space", "a,B", "stdio"]] as const) {
      const { code, out, err } = await unimemIn(given, ...args);
      assertEquals([code, out], [2, ""], err);
    }
  }));

for (const over of ["SQLite", "Qdrant"] as const) {
  Deno.test({
    name: `keys and spaces hold over the ports of a real service over ${over}, by path and by header`,
    ignore: over === "Qdrant" && QDRANT_BIN === undefined,
    fn: () =>
      inFolder(async (folder) => {
        await using qdrant = over === "Qdrant" ? await startQdrant() : null;
        const env = testEnvironment(folder, qdrant === null ? {} : { MCP_QDRANT_URL: qdrant.url });
        const key = async (name: string, ...args: string[]): Promise<string> => {
          const { code, out, err } = await unimemIn(env, "keys", "create", name, ...args, "--json");
          assertEquals(code, 0, err);
          return JSON.parse(out).token;
        };
        const alpha = await key("alpha", "--rights", "write", "--write", "alpha");
        await using service = await start("unified", env);
        // One that is made beside the running service.
        const both = await key("both", "--rights", "write", "--write", "beta", "--read", "alpha");
        const rest = async (token: string | null, path: string, content?: string, space?: string) => {
          const headers = new Headers({ "content-type": "application/json" });
          if (token !== null) headers.set("authorization", `Bearer ${token}`);
          if (space !== undefined) headers.set("x-unimem-space", space);
          const body = content === undefined ? {} : { method: "POST", body: JSON.stringify({ content }) };
          const answer = await fetch(service.http + path, { headers, ...body });
          const found = await answer.json();
          return answer.status === 200 ? found : answer.status;
        };
        const total = async (...args: Parameters<typeof rest>) => {
          const found = await rest(...args);
          return typeof found === "number" ? found : found.total;
        };
        assertEquals(await rest(null, "/api/memories"), 401);
        const { content_hash } = await rest(alpha, "/api/memories", "Alpha's plan.");
        await rest(both, "/api/memories", "Beta's plan.");
        assertEquals([await total(alpha, "/api/memories"), await total(both, "/api/memories")], [1, 2]);
        assertEquals([await total(both, "/s/beta/api/memories"), await total(alpha, "/s/beta/api/memories")], [1, 404]);
        assertEquals(await total(both, "/api/memories", undefined, "alpha"), 1);
        assertEquals(await total(both, "/s/alpha/api/memories", "Not allowed."), 403);
        assertEquals(await rest(alpha, `/api/memories/${content_hash}`, undefined, "beta"), 404);

        for (const [way, connect] of Object.entries(CONNECT)) {
          const listed = async (token: string, prefix: string, headers = {}) => {
            const client = await connect(service.mcp, { authorization: `Bearer ${token}`, ...headers }, { prefix });
            try {
              return (await client.call("list_memories")).structuredContent!.total;
            } finally {
              await client.close();
            }
          };
          assertEquals(await listed(both, ""), 2, way);
          assertEquals(await listed(both, "/s/alpha"), 1, way);
          assertEquals(await listed(both, "/s/beta,alpha"), 2, way);
          assertEquals(await listed(both, "", { "x-unimem-space": "beta" }), 1, way);
          await assertRejects(() => listed(alpha, "/s/beta"), Error, undefined, way);
          await assertRejects(() => listed(alpha, "", { "x-unimem-space": "gamma" }), Error, undefined, way);
        }
        assertEquals((await unimemIn(env, "keys", "revoke", "both")).code, 0);
        await until(() => rest(both, "/api/memories"), (status) => status === 401, "the key to be refused");
        assertEquals(await total(alpha, "/api/memories"), 1);
      }),
  });
}
