import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml";
import { calls } from "../../build/clients.ts";
import { start, testEnvironment, until, within } from "../helpers/process.ts";
import { freePort } from "../helpers/qdrant.ts";
import { CHROMIUM } from "../web/browser.ts";
import { exists, succeeds, withService } from "./tools.ts";

const ROOT = new URL("../../", import.meta.url);
const TYPESCRIPT = new URL("clients/typescript/", ROOT);
const HAS_NODE_PACKAGES = exists(new URL("node_modules/.bin/tsc", TYPESCRIPT));
const PYTHONPATH = new URL("clients/python/src", ROOT).pathname;
const PYTHON = new URL("clients/python/.venv/bin/python", ROOT);

const read = (path: string) => Deno.readTextFile(new URL(`examples/${path}`, ROOT));

let built: Promise<string> | undefined;

/** Makes the client's JavaScript, once; only this file does, for others would read half of it. */
function build(): Promise<string> {
  return built ??= succeeds("npm", ["run", "build", "--silent"], { cwd: TYPESCRIPT });
}

/** Runs a program of an example where it finds the client and the frameworks, and gives what it says. */
async function runNode(program: string, args: string[], UNIMEM_URL: string): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: TYPESCRIPT.pathname, prefix: ".test-" });
  try {
    await build();
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

Deno.test({
  name: "the packed TypeScript client is imported and stores on Node (npm ci in clients/typescript)",
  ignore: !HAS_NODE_PACKAGES,
  fn: () =>
    withService(async (url, folder) => {
      await build();
      await succeeds("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
        cwd: TYPESCRIPT,
      });
      const [tarball] = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".tgz"));
      const home = `${folder}/home`;
      await Deno.mkdir(home);
      await Deno.writeTextFile(`${home}/package.json`, '{"type": "module"}');
      await succeeds(
        "npm",
        ["install", "--offline", "--no-audit", "--no-fund", "--legacy-peer-deps", `../${tarball}`],
        {
          cwd: home,
        },
      );
      const program = `import { Unimem } from "@unimem/client";
        const memory = new Unimem({ url: "${url}" });
        await memory.store("Packed and stored.");
        if ((await memory.search("packed")).results.length !== 1) process.exit(1);`;
      await Deno.writeTextFile(`${home}/program.mjs`, program);
      await succeeds("node", ["program.mjs"], { cwd: home });
    }),
});

Deno.test({
  name: "the TypeScript client stores, finds and follows in a browser, in a page of another origin (npm ci, Chromium)",
  ignore: !HAS_NODE_PACKAGES || CHROMIUM === undefined,
  fn: async () => {
    await build();
    const page = (url: string) =>
      `<!doctype html><script type="module">
      import { Unimem } from "/dist/mod.js";
      const say = (body) => fetch("/said", { method: "POST", body });
      try {
        const memory = new Unimem({ url: "${url}", key: "a-key-for-tests", agentId: "page" }).inSpace("page");
        const stop = new AbortController(), events = memory.events({ lastEventId: "1", signal: stop.signal });
        const first = events.next();
        await memory.store("Stored by a page.");
        const { results } = await memory.search("page");
        const { value } = await first;
        stop.abort();
        await say([results[0].memory.content, results[0].memory.tags, value.type].join(" | "));
      } catch (error) {
        await say("failed: " + error);
      }
    </script>`;
    const said = Promise.withResolvers<string>();
    let service = "";
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/said") {
        said.resolve(await request.text());
        return new Response();
      }
      if (pathname === "/") return new Response(page(service), { headers: { "Content-Type": "text/html" } });
      if (!/^\/dist\/[\w./-]+\.js$/.test(pathname)) return new Response(null, { status: 404 });
      const script = await Deno.readFile(new URL(`.${pathname}`, TYPESCRIPT));
      return new Response(script, { headers: { "Content-Type": "text/javascript" } });
    });
    const origin = `http://127.0.0.1:${server.addr.port}`, folder = await Deno.makeTempDir({ prefix: "unimem-page-" });
    try {
      const settings = { MCP_API_KEY: "a-key-for-tests", MCP_CORS_ORIGINS: origin };
      await using started = await start("http", testEnvironment(folder, settings));
      service = started.http;
      const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${folder}/profile`];
      const browser = new Deno.Command(CHROMIUM!, { args: [...flags, origin], stdout: "null", stderr: "null" }).spawn();
      try {
        // The stream may begin with that something was missed, since it asks for more than is kept.
        const title = await within(said.promise, "the page to end");
        assertMatch(title, /^Stored by a page\. \| agent:page \| (memory_stored|events_missed)$/);
      } finally {
        browser.kill("SIGKILL");
        await browser.status;
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
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

/** Whether a command is there. */
function works(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "example: through the team's Caddy, REST, MCP and the event stream reach the service (caddy)",
  ignore: !works("caddy", "version"),
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-caddy-" });
    try {
      await using service = await start("unified", testEnvironment(folder, { MCP_API_KEY: "a-key-for-tests" }));
      const address = `http://127.0.0.1:${freePort()}`;
      const caddyfile = (await read("team-server/Caddyfile")).replace("unimem:8001", new URL(service.mcp).host)
        .replaceAll("unimem:8000", new URL(service.http).host);
      await Deno.writeTextFile(`${folder}/Caddyfile`, `{\n\tadmin off\n\tgrace_period 1s\n}\n${caddyfile}`);
      const caddy = new Deno.Command("caddy", {
        args: ["run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
        env: { UNIMEM_HOST: address, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        const ask = (path: string, init: { method?: string; body?: string; headers?: Record<string, string> } = {}) =>
          fetch(address + path, { ...init, headers: { Authorization: "Bearer a-key-for-tests", ...init.headers } })
            .catch(() => null);
        const health = await until(() => ask("/api/health"), (answer) => answer !== null, "Caddy to listen");
        assertEquals([health!.status, (await health!.json()).version !== undefined], [200, true]);
        const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
        const hello = await ask("/mcp", {
          method: "POST",
          headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
        });
        assertMatch(await hello!.text(), /"serverInfo"/);
        const stream = (await ask("/api/events"))!.body!.pipeThrough(new TextDecoderStream()).getReader();
        assertMatch((await within(stream.read(), "the greeting of the stream")).value!, /connection_established/);
        await stream.cancel();
      } finally {
        caddy.kill("SIGTERM");
        await caddy.status;
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("every example is in the list, with a page or a program", async () => {
  const list = await read("README.md");
  const folders = [...Deno.readDirSync(new URL("examples/", ROOT))].filter(({ isDirectory }) => isDirectory);
  assertEquals(folders.length, [...list.matchAll(/^\| \[/gm)].length);
  for (const { name } of folders) assert(list.includes(`[${name}](${name})`), name);
});
