import { assertEquals } from "@std/assert";
import { fromFileUrl, relative, SEPARATOR } from "./helpers/paths.ts";

/** Modules of `src/` by layer; each may import its own layer and those listed. */
const MAY_IMPORT: Record<string, string[]> = {
  "main.ts": [
    "process",
    "service/signals.ts",
    "unified.ts",
    "config.ts",
    "errors.ts",
    "operations/logger.ts",
    "cli",
    "documents/process/child.ts",
    "documents/process/name.ts",
    "output.ts",
  ],
  process: [
    "service",
    "unified.ts",
    "config.ts",
    "config/data_folder.ts",
    "config/home.ts",
    "errors.ts",
    "operations",
    "mcp",
    "cli/context.ts",
    "memory/tool_profile.ts",
    "ancestors.ts",
    "files.ts",
    "hooks",
    "output.ts",
    "own_binary.ts",
  ],
  cli: [
    "memory/space.ts",
    "access/caller.ts",
    "config/home.ts",
    "memory",
    "output.ts",
    "telemetry",
    "config.ts",
    "stores.ts",
    "errors.ts",
    "files.ts",
    "hooks",
    "own_binary.ts",
    "private_files.ts",
    "version.ts",
    "operations",
    "importers",
  ],
  importers: ["documents", "memory", "operations", "errors.ts"],
  // Short processes of their own: they speak to the service, and load none of its parts but what reads transcripts.
  hooks: ["importers", "memory/framing.ts", "operations/service_file.ts", "private_files.ts", "yielding.ts"],
  service: [
    "hooks/folder.ts",
    "hooks/event.ts",
    "memory/space.ts",
    "access/caller.ts",
    "access/key.ts",
    "access/warnings.ts",
    "private_files.ts",
    "version.ts",
    "access/access.ts",
    "oauth/oauth.ts",
    "config.ts",
    "embedding/embedder.ts",
    "embedding/examine.ts",
    "embedding/factory.ts",
    "errors.ts",
    "tuning/idle_gc.ts",
    "http",
    "mcp",
    "operations",
    "storage/factory.ts",
    "storage/measured.ts",
    "storage/shared.ts",
    "storage/contract",
    "storage/examination.ts",
    "telemetry",
  ],
  "unified.ts": [
    "access/access.ts",
    "access/caller.ts",
    "config.ts",
    "errors.ts",
    "tuning/idle_gc.ts",
    "http/app.ts",
    "memory/clock.ts",
    "operations",
    "service",
    "telemetry",
    "version.ts",
  ],
  config: [
    "memory/space.ts",
    "oauth/settings.ts",
    "memory/edit_distance.ts",
    "settings.ts",
    "errors.ts",
    "storage/factory.ts",
    "embedding/factory.ts",
  ],
  "config.ts": [
    "config",
    "settings.ts",
    "errors.ts",
    "access",
    "oauth/settings.ts",
    "operations",
    "storage/factory.ts",
    "embedding/factory.ts",
  ],
  "stores.ts": ["config.ts", "errors.ts", "storage/factory.ts"],
  // Which names are time zones is known in one place.
  "settings.ts": ["memory/time/zone.ts", "memory/space.ts"],
  "errors.ts": [],
  tuning: [],
  "ancestors.ts": ["tuning/libc.ts"],
  "files.ts": [],
  "output.ts": [],
  "own_binary.ts": [],
  "yielding.ts": [],
  "private_files.ts": [],
  "sleep.ts": [],
  "version.ts": [],
  access: ["errors.ts", "memory", "storage/contract"],
  // The consent page has the dashboard's colours.
  oauth: ["access", "errors.ts", "memory/space.ts", "storage/contract", "web/style/colours.css"],
  telemetry: ["errors.ts"],
  web: [],
  http: [
    "importers",
    "tools",
    "telemetry",
    "access",
    "yielding.ts",
    "web",
    "operations",
    "memory",
    "errors.ts",
    "storage/contract",
    "embedding/embedder.ts",
  ],
  tools: ["telemetry", "access/caller.ts", "access/rights.ts", "operations", "memory", "errors.ts"],
  mcp: [
    "tools",
    "telemetry",
    "access",
    "yielding.ts",
    "operations",
    "memory",
    "errors.ts",
    "storage/contract",
    "embedding/embedder.ts",
  ],
  operations: [
    "oauth/grants.ts",
    "telemetry",
    "access/caller.ts",
    "access/key.ts",
    "access/rights.ts",
    "access/space.ts",
    "documents",
    "yielding.ts",
    "private_files.ts",
    "sleep.ts",
    "memory",
    "storage/contract",
    "storage/examination.ts",
    "storage/files.ts",
    "storage/intercept.ts",
    "storage/outbox/outbox.ts",
    "embedding/embedder.ts",
    "errors.ts",
  ],
  documents: ["memory", "errors.ts", "own_binary.ts", "tuning/thread_priority.ts"],
  memory: ["errors.ts"],
  storage: [
    "telemetry",
    "memory",
    "errors.ts",
    "tuning/idle_gc.ts",
    "tuning/thread_priority.ts",
    "yielding.ts",
    "private_files.ts",
    "sleep.ts",
    "embedding/embedder.ts",
  ],
  embedding: [
    "telemetry",
    "memory",
    "errors.ts",
    "tuning/idle_gc.ts",
    "tuning/thread_priority.ts",
    "output.ts",
    "private_files.ts",
    "sleep.ts",
  ],
};

/** Packages that do I/O or hold a surface, and the only places that may import them. */
const PACKAGES: Record<string, RegExp> = {
  "hono": /^http\//,
  "@hono/": /^http\//,
  "@modelcontextprotocol/client": /^cli\/connect\//,
  "@modelcontextprotocol/": /^mcp\//,
  "@huggingface/": /^embedding\//,
  "unpdf": /^documents\/parsers\//,
  "fflate": /^documents\/parsers\//,
  "htmlparser2": /^documents\/parsers\//,
  "node:sqlite": /^(storage\/(sqlite|outbox)\/|embedding\/cache_file|importers\/python_sqlite)/,
  "commander": /^cli\//,
  "@opentelemetry/": /^telemetry\//,
  "jose": /^oauth\//,
  "jsonc-parser": /^cli\/connect\//,
  "smol-toml": /^cli\/connect\//,
  "@decimalturn/": /^cli\/connect\//,
  "yaml": /^cli\/connect\//,
  "@secretlint/": /^importers\/secrets/,
  "@qdrant/": /^storage\/qdrant\//,
};

interface Graph {
  modules: {
    specifier: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string };
      type?: { specifier?: string };
      isDynamic?: boolean;
    }[];
  }[];
}

/**
 * What each module of `src/` that an entry leads to imports; with `first`, without what is imported later on demand; with
 * `types`, with what is imported for its types alone.
 */
async function importsOf(entry: string, first = false, types = false): Promise<Map<string, string[]>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    stdout: "piped",
    stderr: "null",
  }).output();
  const graph = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const root = fromFileUrl(new URL("../src/", import.meta.url));
  const inSrc = (specifier: string) =>
    specifier.startsWith("file:") && fromFileUrl(specifier).startsWith(root)
      ? relative(root, fromFileUrl(specifier)).replaceAll(SEPARATOR, "/")
      : null;
  const imports = new Map<string, string[]>();
  for (const module of graph.modules) {
    const from = inSrc(module.specifier);
    if (from === null) continue;
    const dependencies = (module.dependencies ?? []).filter(({ code, isDynamic }) => !first || code && !isDynamic);
    const targets = dependencies.map((dependency) =>
      inSrc((dependency.code ?? (types ? dependency.type : undefined))?.specifier ?? "") ?? dependency.specifier
    );
    imports.set(from, targets);
  }
  return imports;
}

const isWithin = (path: string, layer: string) => path === layer || path.startsWith(`${layer}/`);

Deno.test("imports point one way, from main to storage", async () => {
  const imports = await importsOf(fromFileUrl(new URL("../src/main.ts", import.meta.url)));
  const wrong: string[] = [];
  for (const [from, targets] of imports) {
    const layer = from.includes("/") ? from.split("/")[0]! : from;
    const allowed = MAY_IMPORT[layer];
    if (allowed === undefined) wrong.push(`${from}: add its layer to MAY_IMPORT`);
    for (const target of targets) {
      if (imports.has(target)) {
        const fine = (layer !== from && isWithin(target, layer)) || allowed?.some((entry) => isWithin(target, entry));
        if (!fine) wrong.push(`${from} imports ${target}`);
      } else {
        const place = Object.entries(PACKAGES).find(([name]) => target.startsWith(name))?.[1];
        if (place && !place.test(from)) wrong.push(`${from} imports ${target}`);
      }
    }
  }
  assertEquals(wrong, []);
  assertEquals(imports.size > 20, true, "the module graph was not read");
});

Deno.test("no modules import each other in a circle, types included", async () => {
  const imports = await importsOf(fromFileUrl(new URL("../src/main.ts", import.meta.url)), false, true);
  const done = new Set<string>(), circles: string[] = [];
  const follow = (module: string, path: string[]) => {
    const at = path.indexOf(module);
    if (at !== -1) circles.push([...path.slice(at), module].join(" → "));
    if (at !== -1 || done.has(module)) return;
    for (const target of imports.get(module) ?? []) follow(target, [...path, module]);
    done.add(module);
  };
  for (const module of imports.keys()) follow(module, []);
  assertEquals(circles, []);
});

Deno.test("only the factory imports drivers", async () => {
  const imports = await importsOf(fromFileUrl(new URL("../src/main.ts", import.meta.url)));
  for (const [from, targets] of imports) {
    if (from === "storage/factory.ts" || /^storage\/(sqlite|qdrant|outbox)\//.test(from)) continue;
    const drivers = targets.filter((target) =>
      /^storage\/(sqlite|qdrant|outbox)\//.test(target) && target !== "storage/outbox/outbox.ts"
    );
    assertEquals(drivers, [], from);
  }
});

/** Packages that only some services need, and that cost time and memory to load. */
const ON_DEMAND =
  /^(@modelcontextprotocol|jose|@huggingface|@qdrant|@opentelemetry\/sdk|onnxruntime|unpdf|commander|chrono-node)/;

Deno.test("both servers start without the packages that only some clients or settings need", async () => {
  const imports = new Map<string, string[]>();
  const reach = async (entry: string) => {
    const all = await importsOf(fromFileUrl(new URL(`../src/${entry}`, import.meta.url)), true);
    const follow = (module: string) => {
      if (imports.has(module)) return;
      imports.set(module, all.get(module) ?? []);
      for (const target of all.get(module) ?? []) if (all.has(target)) follow(target);
    };
    follow(entry);
  };
  await reach("unified.ts");
  await reach("mcp/listener.ts");
  const early = [...imports].flatMap(([from, targets]) =>
    targets.filter((target) => ON_DEMAND.test(target)).map((target) => `${from} imports ${target}`)
  );
  assertEquals(early, []);
  assertEquals(imports.has("http/app.ts") && imports.has("access/access.ts"), true, "the module graph was not read");
});
