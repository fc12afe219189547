/** Every command of the program's own table: its help, its success and its failure, in a real process. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Command } from "commander";
import type { CliContext } from "../../src/cli/context.ts";
import { createProgram, runCommand } from "../../src/cli/program.ts";
import { barText, progress } from "../../src/cli/progress.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { OutboxFile } from "../../src/storage/outbox/file.ts";
import { spawn, start, testEnvironment, until, within } from "../helpers/process.ts";
import { plain } from "../storage/fixtures.ts";
import { ended, fill, inFolder, json, unimem, unimemIn } from "./command.ts";

/** The words after `unimem`, as one text. FOLDER is the case's own folder. */
interface Case {
  /** What is run before, each of it successfully. */
  before?: string[];
  succeeds: string;
  fails: string;
  code: number;
  env?: Record<string, string>;
  /** Whether a run that succeeds prints JSON with --json. */
  json?: boolean;
}

const OUTBOX = { MCP_QDRANT_URL: "http://127.0.0.1:9", MCP_OUTBOX_ENABLED: "true" };

/** The id of the memory "Else". */
const ELSE = "7dd530c4d3";

const CASES: Record<string, Case> = {
  // Servers end at once where standard input is the protocol and empty; the others are started below.
  unified: { succeeds: "unified", fails: "unified now", code: 2, env: { MCP_TRANSPORT_MODE: "stdio" }, json: false },
  http: { succeeds: "http --help", fails: "http --port 1", code: 2, json: false },
  mcp: { succeeds: "mcp --help", fails: "mcp now", code: 2, json: false },
  stdio: { succeeds: "stdio", fails: "stdio now", code: 2, json: false },
  store: { succeeds: "store Something", fails: "store", code: 2 },
  search: { before: ["store Something"], succeeds: "search something", fails: "search x --mode loud", code: 2 },
  list: { before: ["store Something"], succeeds: "list --since yesterday", fails: "list --since lstweek", code: 2 },
  get: { before: ["store Something"], succeeds: "get 3fc9b68945", fails: "get 3fc9", code: 2 },
  delete: { before: ["store Something"], succeeds: "delete 3fc9b68945", fails: "delete 3fc9", code: 2 },
  edit: { before: ["store Something"], succeeds: "edit 3fc9b68945 Other", fails: "edit 3fc9b68945", code: 2 },
  tag: { before: ["store Something"], succeeds: "tag 3fc9b68945 --add a", fails: "tag 3fc9b68945", code: 2 },
  similar: { before: ["store Something"], succeeds: "similar 3fc9b68945", fails: "similar none", code: 2 },
  duplicates: { before: ["store Something"], succeeds: "duplicates", fails: "duplicates --keep all", code: 2 },
  merge: {
    before: ["store Something", "store something"],
    succeeds: "merge --all --yes",
    fails: "merge 3fc9b68945",
    code: 2,
  },
  trash: { before: ["store Something"], succeeds: "trash list", fails: "trash", code: 2 },
  "trash list": { before: ["store Something"], succeeds: "trash list", fails: "trash list --limit 0", code: 2 },
  "trash restore": {
    before: ["store Something", "delete 3fc9b68945"],
    succeeds: "trash restore 3fc9b68945",
    fails: "trash restore",
    code: 2,
  },
  "trash empty": {
    before: ["store Something", "delete 3fc9b68945"],
    succeeds: "trash empty --yes",
    fails: "trash empty all",
    code: 2,
  },
  tags: { succeeds: "tags list", fails: "tags", code: 2 },
  "tags list": { before: ["store Something --tag a"], succeeds: "tags list", fails: "tags list now", code: 2 },
  "tags rename": {
    before: ["store Something --tag a"],
    succeeds: "tags rename a b --yes",
    fails: "tags rename a",
    code: 2,
  },
  conversations: {
    before: ["store Something --conversation c"],
    succeeds: "conversations",
    fails: "conversations --limit 0",
    code: 2,
  },
  candidates: { succeeds: "candidates list", fails: "candidates", code: 2 },
  "candidates list": { succeeds: "candidates list", fails: "candidates list --limit all", code: 2 },
  "candidates keep": { succeeds: "candidates keep --help", fails: "candidates keep", code: 2, json: false },
  "candidates drop": { succeeds: "candidates drop --help", fails: "candidates drop", code: 2, json: false },
  relations: { before: ["store Something"], succeeds: "relations list 3fc9b68945", fails: "relations", code: 2 },
  "relations list": {
    before: ["store Something"],
    succeeds: "relations list 3fc9b68945",
    fails: "relations list 3fc9b68945 --depth 9",
    code: 2,
  },
  "relations add": {
    before: ["store Something", "store Else"],
    succeeds: "relations add 3fc9b68945 ELSE --type supports",
    fails: "relations add 3fc9b68945",
    code: 2,
  },
  "relations remove": {
    before: ["store Something", "store Else"],
    succeeds: "relations remove 3fc9b68945 ELSE",
    fails: "relations remove 3fc9b68945",
    code: 2,
  },
  supersede: {
    before: ["store Something", "store Else"],
    succeeds: "supersede 3fc9b68945 --by ELSE",
    fails: "supersede 3fc9b68945",
    code: 2,
  },
  review: { before: ["store Something"], succeeds: "review", fails: "review --scan all", code: 2 },
  documents: { before: ["store Something"], succeeds: "documents list", fails: "documents", code: 2 },
  "documents list": { before: ["store Something"], succeeds: "documents list", fails: "documents list now", code: 2 },
  "documents add": { succeeds: "documents add README.md", fails: "documents add none.md", code: 2 },
  "documents remove": {
    before: ["store Something"],
    succeeds: "documents remove --tag none",
    fails: "documents remove",
    code: 2,
  },
  // Tested beside a service in service_test.ts.
  events: { succeeds: "events --help", fails: "events", code: 3, json: false },
  open: { succeeds: "open --help", fails: "open", code: 3, json: false },
  login: { succeeds: "login --help", fails: "login nowhere", code: 2, json: false },
  logout: { succeeds: "logout http://127.0.0.1:9", fails: "logout nowhere", code: 2 },
  audit: { before: ["store Something"], succeeds: "audit", fails: "audit --limit 0", code: 2 },
  "audit verify": { before: ["store Something"], succeeds: "audit verify", fails: "audit verify --contains", code: 2 },
  briefing: { before: ["store Something"], succeeds: "briefing", fails: "briefing now", code: 2 },
  hook: { succeeds: "hook status", fails: "hook", code: 2 },
  "hook run": { succeeds: "hook run --help", fails: "hook run start", code: 2, json: false },
  "hook status": { succeeds: "hook status", fails: "hook status now", code: 2 },
  "hook pause": { succeeds: "hook pause", fails: "hook pause now", code: 2, json: false },
  "hook resume": { succeeds: "hook resume", fails: "hook resume now", code: 2, json: false },
  "hook ignore": { succeeds: "hook ignore list", fails: "hook ignore", code: 2 },
  "hook ignore list": { succeeds: "hook ignore list", fails: "hook ignore list now", code: 2 },
  "hook ignore add": {
    succeeds: "hook ignore add path */vault/*",
    fails: "hook ignore add text *",
    code: 2,
    json: false,
  },
  "hook ignore remove": {
    succeeds: "hook ignore remove path vault",
    fails: "hook ignore remove",
    code: 2,
    json: false,
  },
  "hook forget": { before: ["store Something"], succeeds: "hook forget none", fails: "hook forget", code: 2 },
  "hook redact": { succeeds: "hook redact README.md", fails: "hook redact", code: 2 },
  project: { succeeds: "project --help", fails: "project a b c d", code: 2, json: false },
  spaces: { succeeds: "spaces list", fails: "spaces", code: 2 },
  "spaces list": { succeeds: "spaces list", fails: "spaces list now", code: 2 },
  "spaces create": { succeeds: "spaces create atlas", fails: "spaces create A/B", code: 2 },
  "spaces rename": { before: ["spaces create a"], succeeds: "spaces rename a b", fails: "spaces rename a", code: 2 },
  "spaces move": {
    before: ["store Something"],
    succeeds: "spaces move default 3fc9b68945 --to atlas",
    fails: "spaces move default",
    code: 2,
  },
  "spaces merge": {
    before: ["spaces create a", "spaces create b"],
    succeeds: "spaces merge a --into b --dry-run",
    fails: "spaces merge a",
    code: 2,
  },
  "spaces export": {
    before: ["--space a store Something"],
    succeeds: "spaces export a FOLDER/a.jsonl",
    fails: "spaces export a",
    code: 2,
  },
  "spaces delete": {
    before: ["spaces create a"],
    succeeds: "spaces delete a --dry-run",
    fails: "spaces delete",
    code: 2,
  },
  // Tested with a service manager's program in service_manager_test.ts.
  service: { succeeds: "service install", fails: "service", code: 2 },
  "service install": { succeeds: "service install", fails: "service install now", code: 2 },
  "service status": { succeeds: "service status --help", fails: "service status now", code: 2, json: false },
  "service logs": { succeeds: "service logs --help", fails: "service logs --lines many", code: 2, json: false },
  "service remove": { succeeds: "service remove --help", fails: "service remove all", code: 2, json: false },
  demo: { succeeds: "demo --help", fails: "demo now", code: 2, json: false },
  grants: { succeeds: "grants list", fails: "grants", code: 2 },
  "grants list": { succeeds: "grants list", fails: "grants list now", code: 2 },
  "grants revoke": { succeeds: "grants revoke --help", fails: "grants revoke", code: 2, json: false },
  keys: { succeeds: "keys list", fails: "keys", code: 2 },
  "keys create": { succeeds: "keys create laptop --rights write", fails: "keys create laptop", code: 2 },
  "keys list": { succeeds: "keys list", fails: "keys list now", code: 2 },
  "keys rotate": { before: ["keys create a --rights read"], succeeds: "keys rotate a", fails: "keys rotate", code: 2 },
  "keys revoke": { before: ["keys create a --rights read"], succeeds: "keys revoke a", fails: "keys revoke", code: 2 },
  export: {
    before: ["store Something"],
    succeeds: "export FOLDER/a.jsonl",
    fails: "export FOLDER/no/a.jsonl",
    code: 2,
  },
  import: {
    before: ["store Something", "export FOLDER/a.jsonl"],
    succeeds: "import FOLDER/a.jsonl",
    fails: "import --from nowhere x",
    code: 2,
  },
  copy: {
    before: ["store Something"],
    succeeds: "copy --to sqlite:FOLDER/other.db",
    fails: "copy --from sqlite:FOLDER/none.db",
    code: 2,
  },
  upgrade: { succeeds: "upgrade", fails: "upgrade --into other", code: 2 },
  optimize: { before: ["store Something"], succeeds: "optimize", fails: "optimize now", code: 2 },
  backup: { before: ["store Something"], succeeds: "backup", fails: "backup --keep none", code: 2 },
  "backup list": { succeeds: "backup list", fails: "backup list now", code: 2 },
  "backup verify": { before: ["backup"], succeeds: "backup verify", fails: "backup verify none.db", code: 2 },
  restore: {
    before: ["store Something", "backup"],
    succeeds: "restore latest --replace",
    fails: "restore latest",
    code: 1,
  },
  model: { before: ["store Something"], succeeds: "model default", fails: "model one two", code: 2 },
  reembed: { before: ["store Something"], succeeds: "reembed --all", fails: "reembed --quick", code: 2 },
  stats: { succeeds: "stats", fails: "stats --what", code: 2 },
  config: { succeeds: "config", fails: "config set", code: 2 },
  doctor: { succeeds: "doctor", fails: "doctor --quick", code: 2 },
  outbox: { succeeds: "outbox list", fails: "outbox", code: 2, env: OUTBOX },
  "outbox list": { succeeds: "outbox list", fails: "outbox list now", code: 2, env: OUTBOX },
  "outbox retry": { succeeds: "outbox retry --all", fails: "outbox retry", code: 2, env: OUTBOX },
  "outbox drop": { succeeds: "outbox drop --all", fails: "outbox drop one", code: 2, env: OUTBOX },
  connect: { succeeds: "connect cursor --stdio", fails: "connect nobody", code: 2 },
  completion: { succeeds: "completion bash", fails: "completion tcsh", code: 2, json: false },
  version: { succeeds: "version", fails: "version now", code: 2 },
};

const program = createProgram({ print: () => {} } as unknown as CliContext);
const namesOf = (command: Command, at = ""): string[] =>
  command.commands.flatMap((sub) => [`${at}${sub.name()}`, ...namesOf(sub, `${at}${sub.name()} `)]);

/** Two at a time: each starts some processes one after the other. */
async function inPairs<T>(items: readonly T[], body: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all([1, 2].map(async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await body(item);
  }));
}

Deno.test("every command is among the cases below", () => {
  assertEquals(namesOf(program).sort(), Object.keys(CASES).sort());
});

Deno.test("every command has help with an example", async () => {
  for (const name of Object.keys(CASES)) {
    let help = "";
    const context = { print: (text: string) => void (help += text) } as unknown as CliContext;
    await runCommand([...name.split(" "), "--help"], context);
    assertStringIncludes(help, `Usage: unimem ${name}`);
    assertStringIncludes(help, "Examples:\n  unimem ");
  }
  await inFolder(async (folder) => {
    const { code, out, err } = await unimem(folder, "backup", "--help");
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "Usage: unimem backup");
  });
});

Deno.test("every command does its work, and fails with a code and one line of reason", () =>
  inFolder(async (root) => {
    await inPairs(
      Object.entries(CASES),
      async ([name, { before = [], succeeds, fails, code, env = {}, json = true }]) => {
        const folder = `${root}/${name.replace(" ", "-")}`, environment = testEnvironment(folder, env);
        await Deno.mkdir(folder);
        const run = (text: string, ...more: string[]) =>
          unimemIn(environment, ...text.replaceAll("FOLDER", folder).replaceAll("ELSE", ELSE).split(" "), ...more);
        if (env === OUTBOX) {
          const file = OutboxFile.open({ path: `${folder}/outbox.db`, maxWrites: 10, maxBytes: 1 << 20 }, true);
          await file.add([{ kind: "store", ...plain(1) }]);
          file.refuse(1, "Cannot store it");
          file.close();
        }
        for (const text of before) {
          const { code, err } = await run(text);
          assertEquals(code, 0, `${text}: ${err}`);
        }
        const refused = await run(fails);
        assertEquals([refused.code, refused.out], [code, ""], `${fails}: ${refused.err}`);
        assert(!/\n\s+at /.test(refused.err), refused.err);
        const told = await run(fails, "--json");
        assertEquals([told.code, told.out], [code, ""], fails);
        const { error } = JSON.parse(told.err);
        assertEquals([error.exit_code, typeof error.code, typeof error.message], [code, "string", "string"], told.err);

        const done = await run(succeeds, ...json ? ["--json"] : []);
        assertEquals([done.code, done.err.includes("ERROR")], [0, false], `${succeeds}: ${done.err}`);
        if (json) JSON.parse(done.out);
      },
    );
  }));

Deno.test("a server that a signal ends has succeeded", () =>
  inFolder(async (folder) => {
    for (const command of ["unified", "http", "mcp"]) {
      await using service = await start(command, testEnvironment(folder));
      service.kill("SIGTERM");
      assertEquals(await service.exit(), 0, command);
    }
  }));

Deno.test("a typo is answered with what was meant, and --debug shows where a fault comes from", () =>
  inFolder(async (folder) => {
    for (
      const [args, hint] of [[["serch", "x"], "Did you mean search?"], [["stats", "--jsn"], "Did you mean --json?"], [
        ["backup", "lst"],
        "name one of list, verify",
      ]] as const
    ) {
      const { code, err } = await unimem(folder, ...args);
      assertEquals(code, 2);
      assertStringIncludes(err, hint);
    }
    assertStringIncludes((await unimem(folder, "import", "none.jsonl", "--debug")).err, "    at ");
  }));

Deno.test("a store that can't be reached ends with 3", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { MCP_QDRANT_URL: "http://127.0.0.1:9", MCP_QDRANT_TIMEOUT: "1" });
    const { code, err } = await unimemIn(env, "stats", "--json");
    assertEquals([code, JSON.parse(err).error.code], [3, "unavailable"]);
  }));

Deno.test("a content over the limit that may not be split ends with 2, like every wrong input", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { MCP_ENABLE_AUTO_SPLIT: "false" });
    const { code, err } = await unimemIn(env, "store", "x".repeat(100_001), "--json");
    assertEquals([code, JSON.parse(err).error.code], [2, "too_large"]);
  }));

Deno.test("filters narrow down, standard input is stored, and results are plain where no terminal is", () =>
  inFolder(async (folder) => {
    const child = await spawn(["store", "-", "--tag", "a", "--tag", "b", "--meta", "n=3", "--type", "note", "--json"], {
      ...testEnvironment(folder),
    }, { stdin: "piped", stdout: "piped" });
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("Two lines\nfrom a pipe\n"));
    await writer.close();
    const { memory } = JSON.parse((await ended(child, "the store")).out);
    assertEquals(
      [memory.content, memory.tags, memory.metadata, memory.memory_type],
      ["Two lines\nfrom a pipe", ["a", "b"], { n: 3 }, "note"],
    );
    await json(folder, "store", "Another pipe", "--tag", "a", "--conversation", "c1", "--meta", "role=user");
    const found = async (...args: string[]) => {
      const { results, memories } = await json(folder, ...args);
      return (results ?? memories).length;
    };
    assertEquals(
      await Promise.all([
        found("list"),
        found("list", "--tag", "a", "--tag", "b", "--all-tags"),
        found("list", "--type", "note", "--meta", "n=3"),
        found("list", "--until", "yesterday"),
        found("search", "pipe", "--since", "today", "--conversation", "c1"),
        found("search", "pipe", "--mode", "exact"),
        found("list", "--role", "user"),
        found("search", "pear trees in winter", "--min-relevance", "auto"),
        found("search", "pipe", "--min-score", "1.0"),
      ]),
      [2, 1, 1, 0, 1, 2, 1, 0, 0],
    );
    assertStringIncludes((await unimem(folder, "search", "pipe", "--explain")).out, "words: ");
    assert(!(await unimem(folder, "search", "pipe")).out.includes("words: "));
    const env = { ...testEnvironment(folder), NO_COLOR: "" };
    assert(!(await unimemIn(env, "list")).out.includes("\x1b"));
    assertStringIncludes((await unimemIn({ ...env, FORCE_COLOR: "1" }, "list")).out, "\x1b[");
    assertStringIncludes((await unimem(folder, "list", "--limit", "1000")).err, "--limit");
  }));

Deno.test("values are read as scripts write them, and options that are nearly right are named", () =>
  inFolder(async (folder) => {
    const stored = async (...options: string[]) => (await json(folder, "store", ...options)).memory;
    const one = await stored("Crane one", "--tag", "['a','b']", "--type", "null");
    assertEquals([one.tags, one.memory_type], [["a", "b"], null]);
    const two = await stored("Crane two", "--tag", '["c d"]', "--tag", "None", "--tag", "e,f", "--type", "None");
    assertEquals([two.tags, two.memory_type], [["c d", "e,f"], null]);
    assertEquals((await stored("Crane three", "--tag", "[draft] plan")).tags, ["[draft] plan"]);
    const listed = async (...options: string[]) => (await json(folder, "list", ...options)).total;
    assertEquals(await listed("--tag", "null", "--type", "null", "--since", "null", "--until", "None"), 3);
    assertEquals(await listed("--role", "null", "--limit", " 2 ", "--tag", '["a"]'), 1);
    const { results } = await json(folder, "search", "crane", "--min-score", "null", "--min-relevance", "null");
    assertEquals(results.length, 3);
    for (
      const [args, meant] of [
        [["store", "x", "--tags", "a"], "--tag"],
        [["search", "x", "--min_score", "0.1"], "--min-score"],
        [["search", "x", "--minRelevance", "auto"], "--min-relevance"],
        [["list", "--lmit", "2"], "--limit"],
        [["list", "--conversation-id", "c"], null],
      ] as const
    ) {
      const { code, err } = await unimem(folder, ...args);
      assertEquals(code, 2, err);
      assertStringIncludes(err, `unknown option '${args.at(-2)}'${meant === null ? "" : `. Did you mean ${meant}?`}`);
    }
  }));

Deno.test("lists and searches show keys by as many digits as it takes to mean one memory", () =>
  inFolder(async (folder) => {
    const storage = await openStorage({ backend: "sqlite", path: `${folder}/unimem.db` });
    const keys = ["abcdef01234", "abcdef01235", "0123456789a"].map((digits) => digits.padEnd(64, "0"));
    await storage.store(keys.map((content_hash, i) => plain(i, { content_hash, content: `Crane ${i}` })));
    await storage.close();
    for (const args of [["list"], ["search", "crane", "--mode", "exact"]]) {
      const { out } = await unimem(folder, ...args);
      for (const key of ["abcdef01234", "abcdef01235", "0123456789"]) assertStringIncludes(out, `  ${key}  `);
    }
  }));

Deno.test("search shows the passage that matched, exchanges and an order of time", () =>
  inFolder(async (folder) => {
    const filler = "The day went by without anything of note in the office. ".repeat(60);
    await json(folder, "store", `${filler}The harbour crane was repaired by Kiran in March. ${filler}`);
    const found = await unimem(folder, "search", "crane repaired");
    assertStringIncludes(found.out, "…The harbour crane was repaired by Kiran in March.");
    assertStringIncludes((await unimem(folder, "search", "crane was repaired", "--mode", "exact")).out, "by Kiran");

    await json(folder, "store", "User: how is the barometer calibrated?", "--conversation", "c");
    await json(folder, "store", "Assistant: the barometer is calibrated by altitude", "--conversation", "c");
    const paired = await unimem(folder, "search", "barometer calibrated altitude", "--exchanges", "--limit", "1");
    assertStringIncludes(paired.out, "User: how is the barometer");
    assertStringIncludes(paired.out, "Assistant: the barometer is calibrated");
    const { results } = await json(folder, "search", "barometer calibrated", "--order", "time", "--limit", "2");
    assertEquals(results.map(({ memory }: { memory: { content: string } }) => memory.content.slice(0, 5)), [
      "User:",
      "Assis",
    ]);
    const { memories } = await json(folder, "list", "--order", "time", "--limit", "1");
    assertStringIncludes(memories[0].content, "harbour crane");
    assertStringIncludes((await unimem(folder, "list", "--order", "size")).err, "--order");
  }));

Deno.test({
  name: "a reader that goes away ends a command without noise, and Ctrl-C ends it with 130",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await fill(folder, 20_000);
      const main = new URL("../../src/main.ts", import.meta.url).pathname;
      for (const command of ["export -", "list --limit 100 --full"]) {
        const child = new Deno.Command("bash", {
          args: ["-c", `set -o pipefail; "$0" run --quiet -A "${main}" ${command} | head -n 1`, Deno.execPath()],
          env: testEnvironment(folder),
          clearEnv: true,
          stdout: "piped",
          stderr: "piped",
        }).spawn();
        const { code, err } = await ended(child, command);
        assertEquals([code, err], [0, ""], command);
      }
      const child = await spawn(["export", `${folder}/all.jsonl`, "--vectors"], testEnvironment(folder));
      const begun = () => Deno.stat(`${folder}/all.jsonl.part`).then(({ size }) => size, () => 0);
      await until(begun, (size) => size > 0, "the export to begin");
      child.kill("SIGINT");
      const { code, stderr } = await within(child.output(), "the export to stop");
      assertEquals(code, 130);
      assertEquals(new TextDecoder().decode(stderr), "Stopped; the same command goes on from here\n");
    }),
});

Deno.test("config tells where each setting comes from, and no secret", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.env`, "LOG_LEVEL=error\nMCP_HTTP_PORT=1234\nMCP_API_KEY=from-the-file\n");
    const main = new URL("../../src/main.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", main, "config", "--json"],
      cwd: folder,
      env: testEnvironment(folder, { MCP_HTTP_PORT: "4321", MCP_QDRANT_API_KEY: "from-outside" }),
      clearEnv: true,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { out, err } = await ended(child, "config");
    const { settings, effective } = JSON.parse(out);
    const of = (name: string) => settings.find((setting: { name: string }) => setting.name === name);
    assertEquals([of("MCP_HTTP_PORT").value, of("MCP_HTTP_PORT").origin], ["4321", "environment"]);
    assertEquals([of("LOG_LEVEL").value, of("LOG_LEVEL").origin], ["error", ".env"]);
    assertEquals([of("MCP_SERVER_HOST").value, of("MCP_SERVER_HOST").origin], ["127.0.0.1", "default"]);
    assertEquals([of("MCP_API_KEY").value, of("MCP_API_KEY").origin], ["(secret)", ".env"]);
    assertEquals([effective.http.port, effective.access.apiKey], [4321, "(secret)"]);
    assert(!/from-the-file|from-outside/.test(out + err));
  }));

Deno.test("a bar tells the share, the rate and what is left, and only on a terminal", () => {
  assertEquals(
    barText("Importing", "entries", 2500, 10_000, 500),
    "Importing █████░░░░░░░░░░░░░░░ 25%  2,500 of 10,000 entries  500/s  0:15 left",
  );
  assertEquals(barText("Restoring", "bytes", 1_500_000, undefined, 0), "Restoring 1.5 MB");
  const written: string[] = [], note = (text: string) => void written.push(text);
  for (const terminal of [false, true]) {
    let now = 0;
    const bar = progress({ terminal, note }, "Importing", "entries", () => now += 150);
    bar.at(1, 3);
    bar.at(3, 3);
    bar.end();
    assertEquals(written.length, terminal ? 3 : 0);
  }
});

Deno.test("days of --since and --until are the machine's, points in time are UTC, and lists print the same days", () =>
  inFolder(async (folder) => {
    const storage = await openStorage({ backend: "sqlite", path: `${folder}/unimem.db` });
    // The fifth of March in Tokyo.
    await storage.store([plain(1, { created_at: Date.UTC(2025, 2, 4, 20) / 1000 })]);
    await storage.close();
    const count = async (zone: string, ...args: string[]) =>
      JSON.parse((await unimemIn(testEnvironment(folder, { TZ: zone }), "list", "--json", ...args)).out).total;
    assertEquals(await count("Asia/Tokyo", "--since", "2025-03-05"), 1);
    assertEquals(await count("UTC", "--since", "2025-03-05"), 0);
    assertEquals(await count("Asia/Tokyo", "--since", "2025-03-04 20:00:00", "--until", "2025-03-04 20:00:01"), 1);
    assertEquals(await count("Asia/Tokyo", "--since", "2025-03-05 05:00:00"), 0);
    const { out } = await unimemIn(testEnvironment(folder, { MCP_TIME_ZONE: "Asia/Tokyo" }), "list");
    assertStringIncludes(out, "2025-03-05");
  }));
