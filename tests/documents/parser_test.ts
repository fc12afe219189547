import { assert, assertEquals, assertRejects } from "@std/assert";
import { DEFAULT_LIMITS, type DocumentLimits } from "../../src/documents/document.ts";
import { parseDocument } from "../../src/documents/parse.ts";
import { DocumentParser } from "../../src/documents/parser.ts";
import { PARSE_COMMAND } from "../../src/documents/process/name.ts";
import { type Line, lineBytes, readLine } from "../../src/documents/process/protocol.ts";
import { chunksOf, factsOf } from "../../src/documents/read.ts";
import { MemoryError } from "../../src/errors.ts";
import { pdfBombs } from "../hostile/documents.ts";
import { until } from "../helpers/process.ts";
import {
  binaryOf,
  canLookAtProcesses,
  commandLine,
  environmentNames,
  parsersOf,
  type Process,
  runs,
} from "../helpers/tree.ts";
import { fixture, utf8 } from "./helpers.ts";

const CHUNKING = { size: 300, overlap: 50 };

/** A task for a parser. */
function task(bytes: Uint8Array<ArrayBuffer> | string, fileName: string, limits: Partial<DocumentLimits> = {}) {
  return {
    bytes: typeof bytes === "string" ? utf8(bytes) : bytes,
    fileName,
    limits: { ...DEFAULT_LIMITS, ...limits },
    chunking: CHUNKING,
  };
}

/** What a document is refused with: its code and message. */
async function refusal(reading: Promise<unknown>): Promise<[code: string, message: string]> {
  const error = await assertRejects(() => reading, MemoryError);
  return [error.code, error.message];
}

let made: ReturnType<typeof pdfBombs> | undefined;
/** Made once, which takes seconds. */
const bombs = () => made ??= pdfBombs(256);

const own = () => parsersOf(Deno.pid);

/** The process that parses, once it runs. */
async function theOne(): Promise<Process> {
  const [found, ...others] = await until(own, (all) => all.length > 0, "the process");
  assertEquals(others, []);
  return found!;
}

Deno.test("a document read in a process of its own has the chunks that its parser finds", async () => {
  await using parser = new DocumentParser();
  const files: [name: string, bytes: Uint8Array<ArrayBuffer>][] = [
    ["three-pages.pdf", await fixture("three-pages.pdf")],
    ["runbook.docx", await fixture("runbook.docx")],
    ["notes.md", utf8(`# Notes\n\n[one](https://a.example/x) 東京\n\n${"Some words. ".repeat(200)}`)],
    ["empty-cells.csv", utf8("name,team\nAda,core\n,edge\n")],
  ];
  for (const [name, bytes] of files) {
    const document = await parseDocument(bytes.slice(), name, DEFAULT_LIMITS);
    const read = await parser.read(task(bytes.slice(), `folder/${name}`));
    assertEquals(read, { facts: factsOf(document), chunks: [...chunksOf(document, CHUNKING)] });
  }
});

Deno.test({
  name: "the process starts with the first document, is kept for the next and ends when none comes",
  ignore: !canLookAtProcesses,
  fn: async () => {
    await using parser = new DocumentParser({ keptMs: 500 });
    assertEquals(await own(), []);
    await parser.read(task("one", "a.txt"));
    const [first, ...others] = await own();
    assertEquals(others, []);
    await parser.read(task("two", "b.txt"));
    assertEquals((await own()).map(({ pid }) => pid), [first!.pid]);
    assert(parser.memory > 1e7, `${parser.memory} bytes`);
    await until(own, (left) => left.length === 0, "the process to end");
    await until(() => Promise.resolve(parser.memory), (memory) => memory === 0, "word of its end");
    assertEquals((await parser.read(task("three", "c.txt"))).chunks[0]!.text, "three");
  },
});

Deno.test({
  name: "documents that come at once are read one after the other, in one process",
  ignore: !canLookAtProcesses,
  fn: async () => {
    await using parser = new DocumentParser();
    const readings = Array.from({ length: 6 }, (_, i) => parser.read(task(`words ${i}`, `${i}.txt`)));
    let most = 0, done = false;
    const looks = (async () => {
      while (!done) most = Math.max(most, (await own()).length);
    })();
    assertEquals((await Promise.all(readings)).map(({ chunks }) => chunks[0]!.text).at(-1), "words 5");
    done = true;
    await looks;
    assertEquals(most, 1);
  },
});

Deno.test({
  name: "the process has no right but to read the sources, and no setting or key in its environment",
  ignore: !canLookAtProcesses,
  fn: async () => {
    Deno.env.set("MCP_API_KEY", "a key that no document may see");
    try {
      await using parser = new DocumentParser();
      await parser.read(task("words", "a.txt"));
      const { pid } = await theOne();
      assertEquals(await binaryOf(pid), await Deno.realPath(Deno.execPath()));
      const rights = (await commandLine(pid)).filter((word) => word.startsWith("--allow") || word === "-A");
      const sources = new URL("../../src", import.meta.url).pathname;
      assertEquals(rights, [`--allow-read=${sources}`]);
      const known = "DENO_DIR DENO_NO_UPDATE_CHECK HOME NO_COLOR NPM_CONFIG_REGISTRY XDG_CACHE_HOME".split(" ");
      assertEquals((await environmentNames(pid)).filter((name) => !known.includes(name)), []);
    } finally {
      Deno.env.delete("MCP_API_KEY");
    }
  },
});

Deno.test("a file that unpacks without end is refused by name, in whatever way it names its filters", async () => {
  await using parser = new DocumentParser();
  for (const [name, bytes] of await bombs()) {
    const reading = parser.read(task(bytes, `${name}.pdf`, { maxMemoryBytes: 250 << 20 }));
    const [code, message] = await refusal(reading);
    assertEquals([code, message], [
      "too_large",
      `Cannot read "${name}.pdf": it takes more than 250 MB of memory to read`,
    ]);
    assertEquals((await parser.read(task("the next one", "a.txt"))).chunks[0]!.text, "the next one");
  }
});

Deno.test({
  name: "a document that takes too long is refused by name, and nothing goes on computing",
  ignore: !canLookAtProcesses,
  fn: async () => {
    await using parser = new DocumentParser();
    await parser.read(task("words", "a.txt"));
    const [before] = await own();
    const bomb = (await bombs()).get("chained")!;
    assertEquals(await refusal(parser.read(task(bomb, "b.pdf", { timeoutMs: 50, maxMemoryBytes: 8 * 2 ** 30 }))), [
      "too_large",
      'Cannot read "b.pdf": it takes longer than 0.05 seconds',
    ]);
    assertEquals(await runs(before!.pid), false);
    assertEquals((await parser.read(task("the next one", "a.txt"))).chunks.length, 1);
  },
});

Deno.test({
  name: "a process that is killed fails the document in hand by name, and no other",
  ignore: !canLookAtProcesses,
  fn: async () => {
    await using parser = new DocumentParser();
    const failed = refusal(
      parser.read(task((await bombs()).get("by name")!, "b.pdf", { maxMemoryBytes: 8 * 2 ** 30 })),
    );
    const next = parser.read(task("the next one", "a.txt"));
    const { pid } = await theOne();
    // It starts with half of this.
    await until(own, ([found]) => found!.resident > 200 << 20, "the document to be taken up");
    Deno.kill(pid, "SIGKILL");
    assertEquals(await failed, ["invalid_input", 'Cannot read "b.pdf": its parser ended with SIGKILL']);
    assertEquals((await next).chunks[0]!.text, "the next one");
    // One that dies between two documents costs none.
    const { pid: idle } = await theOne();
    Deno.kill(idle, "SIGKILL");
    await until(() => runs(idle), (running) => !running, "its end");
    await until(() => Promise.resolve(parser.memory), (memory) => memory === 0, "word of its end");
    assertEquals((await parser.read(task("and another", "a.txt"))).chunks[0]!.text, "and another");
  },
});

Deno.test("a caller can give up, before a document is read and in its middle", async () => {
  await using parser = new DocumentParser();
  for (const delay of [0, 300]) {
    const controller = new AbortController();
    const reading = parser.read(
      task((await bombs()).get("chained")!, "a.pdf", { maxMemoryBytes: 8 * 2 ** 30 }),
      controller.signal,
    );
    setTimeout(() => controller.abort(new Error("given up")), delay);
    await assertRejects(() => reading, Error, "given up");
  }
  assertEquals((await parser.read(task("the next one", "a.txt"))).chunks.length, 1);
});

Deno.test({
  name: "the process ends when its input closes, in the middle of a document too",
  ignore: !canLookAtProcesses,
  fn: async () => {
    const parser = new DocumentParser();
    const failed = assertRejects(async () =>
      await parser.read(task((await bombs()).get("chained")!, "a.pdf", { maxMemoryBytes: 8 * 2 ** 30 }))
    );
    const { pid } = await theOne();
    await parser.close();
    assertEquals(await runs(pid), false);
    await failed;
  },
});

Deno.test("a type that can't be read starts no process", async () => {
  await using parser = new DocumentParser();
  assertEquals((await refusal(parser.read(task("MZ", "x.exe"))))[0], "unsupported");
  assertEquals((await refusal(parser.read(task("", "x.txt"))))[0], "invalid_input");
  assertEquals(parser.memory, 0);
});

Deno.test("an executable's hidden command parses every format without a right left", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    // All rights, as an executable has them.
    args: ["run", "--quiet", "-A", "--config", pathOf("../../deno.json"), pathOf("../../src/main.ts"), PARSE_COMMAND],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter(), files = ["three-pages.pdf", "runbook.docx"];
  for (const name of files) {
    const bytes = await fixture(name);
    await input.write(lineBytes({ size: bytes.length, fileName: name, limits: DEFAULT_LIMITS, chunking: CHUNKING }));
    await input.write(bytes);
  }
  const told: Line[] = [];
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    told.push(...lines.map(readLine));
    if (told.filter((line) => "done" in line).length === files.length) await input.close().catch(() => {});
  }
  assertEquals((await child.status).code, 0);
  assertEquals(told[0], { ready: true });
  assertEquals(told.flatMap((line) => "facts" in line ? [line.facts.fileName] : []), files);
});

Deno.test("giving up every right leaves none, whatever there was", async () => {
  const script = `import { revokeAll } from ${
    JSON.stringify(import.meta.resolve("../../src/documents/process/permissions.ts"))
  };
    revokeAll();
    const names = ["read", "write", "net", "env", "sys", "run", "ffi", "import"];
    console.log(names.filter((name) => Deno.permissions.querySync({ name }).state === "granted").length);
    for (const use of [() => Deno.readTextFileSync("/etc/hosts"), () => Deno.env.get("HOME"), () => Deno.hostname(),
      () => Deno.writeTextFileSync("/tmp/x", ""), () => new Deno.Command(Deno.execPath()).outputSync(),
      () => Deno.listen({ port: 0 })]) {
      try { use(); console.log("allowed"); } catch (error) { console.log(error.name); }
    }`;
  for (const flags of [["-A"], ["--allow-run=/proc/self/exe", "--allow-read=/etc"]]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...flags, `data:application/typescript,${encodeURIComponent(script)}`],
      stderr: "inherit",
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), ["0", ...Array(6).fill("NotCapable")]);
  }
});

function pathOf(relative: string): string {
  return new URL(relative, import.meta.url).pathname;
}
