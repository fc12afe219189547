/** Every operation over REST, MCP and the command line: none is missing on one of them without a reason. */

// First, since it prepares zod for OpenAPI before any schema is made.
import { openClient } from "../http/client.ts";
import { assert, assertEquals } from "@std/assert";
import type { Command } from "commander";
import { OPERATIONS } from "../../src/access/rights.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { createProgram } from "../../src/cli/program.ts";
import { PLACES } from "../../docs/generator/operations_page.ts";
import { ROUTES } from "../../src/cli/routes.ts";
import { RPC_TOOLS } from "../../src/http/rpc_tools.ts";
import { TOOLS } from "../../src/tools/table.ts";

Deno.test("every operation has its command and its tool, or a reason why not", () => {
  assertEquals(Object.keys(PLACES).sort(), Object.keys(OPERATIONS).sort());
  const program = createProgram({ print: () => {} } as unknown as CliContext);
  const tools = [...new Set([...TOOLS, ...RPC_TOOLS].map(({ name }) => name))];
  const namesOf = (command: Command, at = ""): string[] =>
    command.commands.flatMap((sub) => [`${at}${sub.name()}`, ...namesOf(sub, `${at}${sub.name()} `)]);
  const commands = namesOf(program);
  for (const [name, { command, tool }] of Object.entries(PLACES)) {
    assert(command.startsWith("- ") ? command.length > 10 : commands.includes(command), `${name}: ${command}`);
    assert(tool.startsWith("- ") ? tool.length > 10 : tools.includes(tool), `${name}: ${tool}`);
  }
  const named = Object.values(PLACES).map(({ tool }) => tool);
  assertEquals(tools.filter((tool) => !named.includes(tool)), [], "tools that no operation is behind");
});

Deno.test("commands call the routes as the API's description has them", async () => {
  await using client = await openClient();
  const { json: api } = await client.get("/openapi.json");
  const described = new Map<string, { route: string; body: string[] }>();
  for (const [path, methods] of Object.entries(api.paths as Record<string, Record<string, Described>>)) {
    for (const [method, { operationId, requestBody }] of Object.entries(methods)) {
      const body = Object.keys(requestBody?.content ?? {});
      described.set(operationId, { route: `${method.toUpperCase()} ${path}`, body });
    }
  }
  for (const [name, { method, path, encoding }] of Object.entries(ROUTES)) {
    const type = { body: ["application/json"], form: ["multipart/form-data"], query: [] }[encoding];
    assertEquals(described.get(name), { route: `${method} ${path}`, body: type }, name);
  }
  assertEquals([...described.keys()].filter((name) => !Object.hasOwn(OPERATIONS, name)), []);
});

interface Described {
  operationId: string;
  requestBody?: { content: Record<string, unknown> };
}
