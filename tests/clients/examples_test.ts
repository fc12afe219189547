import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml";
import { calls } from "../../build/clients.ts";
import { exists, succeeds, withService } from "./tools.ts";

const ROOT = new URL("../../", import.meta.url);
const TYPESCRIPT = new URL("clients/typescript/", ROOT);
const HAS_NODE_PACKAGES = exists(new URL("node_modules/.bin/tsc", TYPESCRIPT));
const PYTHONPATH = new URL("clients/python/src", ROOT).pathname;
const PYTHON = new URL("clients/python/.venv/bin/python", ROOT);

const read = (path: string) => Deno.readTextFile(new URL(`examples/${path}`, ROOT));

/** The client as JavaScript, made once. */
let built: Promise<string> | undefined;

/** Runs a program of an example where it finds the client and the frameworks, and gives what it says. */
async function runNode(program: string, args: string[], UNIMEM_URL: string): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: TYPESCRIPT.pathname, prefix: ".test-" });
  try {
    await (built ??= succeeds("npm", ["run", "build", "--silent"], { cwd: TYPESCRIPT }));
    await Deno.copyFile(new URL(`examples/${program}`, ROOT), `${folder}/program.mjs`);
    return await succeeds("node", [`${folder}/program.mjs`, ...args], { cwd: folder, env: { UNIMEM_URL } });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "example: the LangGraph agent in JavaScript remembers in a new conversation (npm ci in clients/typescript)",
  ignore: !HAS_NODE_PACKAGES,
  fn: () =>
    withService(async (url) => {
      const ask = (said: string, user = "alice") => runNode("langgraph-js/agent.mjs", [said, user], url);
      await ask("My favourite food is pizza.");
      assertEquals((await ask("What do I like to eat?")).trim(), "I remember: My favourite food is pizza.");
      assertMatch(await ask("What do I like to eat?", "bob"), /^I know nothing/);
    }),
});

Deno.test({
  name: "example: the LangGraph agent in Python remembers in a new conversation (a .venv in clients/python)",
  ignore: !exists(PYTHON),
  fn: () =>
    withService(async (UNIMEM_URL) => {
      const program = new URL("examples/langgraph-python/agent.py", ROOT).pathname;
      const ask = (said: string, user = "alice") =>
        succeeds(PYTHON.pathname, [program, said, user], { cwd: ROOT, env: { UNIMEM_URL, PYTHONPATH } });
      await ask("My favourite food is pizza.");
      assertEquals((await ask("What do I like to eat?")).trim(), "I remember: My favourite food is pizza.");
      assertMatch(await ask("What do I like to eat?", "bob"), /^I know nothing/);
    }),
});

Deno.test({
  name: "example: the AI SDK's model stores and finds by calling tools (npm ci in clients/typescript)",
  ignore: !HAS_NODE_PACKAGES,
  fn: () =>
    withService(async (url) => {
      assertMatch(await runNode("ai-sdk/agent.mjs", ["Remember that staging runs PostgreSQL 16."], url), /stored/i);
      assertMatch(await runNode("ai-sdk/agent.mjs", ["Which database does staging run?"], url), /PostgreSQL 16/);
    }),
});

Deno.test({
  name: "example: a folder is kept in step, night after night (npm ci in clients/typescript)",
  ignore: !HAS_NODE_PACKAGES,
  fn: () =>
    withService(async (url) => {
      const folder = await Deno.makeTempDir({ prefix: "unimem-papers-" });
      const contents = async () => {
        const { memories } = await (await fetch(`${url}/api/memories?tag=folder`)).json();
        return memories.map(({ content }: { content: string }) => content).sort();
      };
      const night = async () => (await runNode("nightly-folder/ingest.mjs", [folder], url)).trim();
      try {
        await Deno.mkdir(`${folder}/deep`);
        await Deno.writeTextFile(`${folder}/a.txt`, "Staging runs PostgreSQL 16.");
        await Deno.writeTextFile(`${folder}/deep/b.md`, "Deploys are on Thursdays.");
        await Deno.writeTextFile(`${folder}/picture.xyz`, "no document");
        assertEquals(await night(), "2 taken, 0 unchanged, 0 removed, 1 refused");
        assertEquals(await contents(), ["Deploys are on Thursdays.", "Staging runs PostgreSQL 16."]);
        assertEquals(await night(), "0 taken, 2 unchanged, 0 removed, 1 refused");
        await Deno.writeTextFile(`${folder}/a.txt`, "Staging runs PostgreSQL 17 now.");
        await Deno.remove(`${folder}/deep/b.md`);
        assertEquals(await night(), "1 taken, 0 unchanged, 1 removed, 1 refused");
        assertEquals(await contents(), ["Staging runs PostgreSQL 17 now."]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
});

interface Flow {
  nodes: { name: string; type: string; parameters: Record<string, unknown> }[];
  connections: Record<string, { main: { node: string }[][] }>;
}

Deno.test("example: the n8n flow's requests are ones that the service takes, and its answers ones that it gives", () =>
  withService(async (url) => {
    const flow = JSON.parse(await read("n8n/flow.json")) as Flow;
    const names = flow.nodes.map(({ name }) => name);
    assertEquals(new Set(names).size, names.length);
    const targets = Object.entries(flow.connections).flatMap((
      [from, { main }],
    ) => [from, ...main.flat().map(({ node }) => node)]);
    assertEquals(targets.filter((name) => !names.includes(name)), []);
    /** What n8n makes of an expression over the item before. */
    const value = (expression: unknown, $json: unknown) =>
      new Function("$json", `return ${/^=\{\{(.*)\}\}$/s.exec(String(expression))![1]}`)($json) as string;
    const follow = async (start: string, body: unknown) => {
      let item: unknown = { body };
      for (
        let name: string | undefined = start;
        name !== undefined;
        name = flow.connections[name]?.main[0]?.[0]?.node
      ) {
        const { type, parameters } = flow.nodes.find((node) => node.name === name)!;
        if (type === "n8n-nodes-base.httpRequest") {
          const { pathname } = new URL(String(parameters.url));
          const known = Object.values(await calls()).find(({ method, path }) =>
            method === parameters.method && path === pathname
          );
          assert(known, pathname);
          const response = await fetch(url + pathname, {
            method: String(parameters.method),
            headers: { "Content-Type": "application/json" },
            body: value(parameters.jsonBody, item),
          });
          item = await response.json();
          assertEquals([response.status, (item as { ignored?: unknown }).ignored], [200, undefined]);
        } else if (type === "n8n-nodes-base.respondToWebhook") item = JSON.parse(value(parameters.responseBody, item));
        else assertEquals(type, "n8n-nodes-base.webhook");
      }
      return item;
    };
    const stored = await follow("Remember", { text: "Staging runs PostgreSQL 16." }) as {
      key: string;
      duplicate: boolean;
    };
    assertEquals([stored.key.length, stored.duplicate], [64, false]);
    assertEquals(await follow("Ask", { question: "Which database runs on staging?" }), {
      memories: ["Staging runs PostgreSQL 16."],
    });
  }));

Deno.test("example: the Claude Code project names the server as `connect` does, and tools that there are", async () => {
  const page = await Deno.readTextFile(new URL("docs/clients.md", ROOT));
  const section = page.slice(page.indexOf("\n## claude-code\n"));
  assertEquals(
    JSON.parse(await read("claude-code-project/.mcp.json")),
    JSON.parse(/```json\n([^]*?)```/.exec(section)![1]!),
  );
  const tools = await Deno.readTextFile(new URL("docs/mcp.md", ROOT));
  const named = [...(await read("claude-code-project/CLAUDE.md")).matchAll(/`(\w+_\w+)`/g)].map(([, tool]) => tool!);
  assert(named.length >= 3);
  for (const tool of named) assert(tools.includes(`### \`${tool}\``), tool);
});

Deno.test("example: the team's server routes what the page on OAuth says, over settings that there are", async () => {
  const page = await Deno.readTextFile(new URL("docs/oauth.md", ROOT));
  const blank = (text: string) => text.replace(/^#.*$/gm, "").replace(/\s+/g, " ").trim();
  const caddy = await read("team-server/Caddyfile");
  const shown = /```caddyfile\n([^]*?)```/.exec(page)![1]!;
  const here = caddy.replaceAll("unimem:", "127.0.0.1:").replace("{$UNIMEM_HOST}", "memory.example.com");
  assertEquals(blank(here), blank(shown));
  const { services } = parse(await read("team-server/compose.yaml")) as {
    services: Record<string, { environment: Record<string, string>; volumes: string[]; depends_on?: unknown }>;
  };
  const settings = await Deno.readTextFile(new URL("docs/settings.md", ROOT));
  for (const name of Object.keys(services.unimem!.environment)) assert(settings.includes(`\`${name}\``), name);
  assertEquals(services.caddy!.depends_on, { unimem: { condition: "service_healthy" } });
});

Deno.test("every example is in the list, with a page or a program", async () => {
  const list = await read("README.md");
  const folders = [...Deno.readDirSync(new URL("examples/", ROOT))].filter(({ isDirectory }) => isDirectory);
  assertEquals(folders.length, [...list.matchAll(/^\| \[/gm)].length);
  for (const { name } of folders) assert(list.includes(`[${name}](${name})`), name);
});
