/**
 * Measures an export and an import of many memories through the real command, checks by checksum that nothing is lost,
 * and prints times and peak memory as JSON: `deno run --allow-all bench/tools/moving.ts [COUNT] [--vectors]`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { openStorage } from "../../src/storage/factory.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { taskOf } from "../lib/unimem.ts";

const count = Number(Deno.args.find((arg) => /^\d+$/.test(arg)) ?? 100_000),
  withVectors = Deno.args.includes("--vectors");
const MODEL = { id: "local:bench@1", name: "bench", provider: "local", dimensions: 384 } as const;
const folder = await Deno.makeTempDir({ prefix: "unimem-moving-" });

/** A unit vector that depends on `seed` alone. */
function vectorOf(seed: number): Float32Array {
  let state = seed + 1;
  const values = Float32Array.from({ length: MODEL.dimensions }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

async function fill(storage: MemoryStorage): Promise<void> {
  await storage.registerModel(MODEL);
  for (let at = 0; at < count; at += 1000) {
    await storage.store(Array.from({ length: Math.min(1000, count - at) }, (_, i) => {
      const number = at + i, content_hash = createHash("sha256").update(String(number)).digest("hex");
      const content = `Turn ${number}: ${content_hash} said "something" about 東京 and ${
        "the plan ".repeat(number % 20)
      }`;
      return {
        memory: {
          content,
          content_hash,
          tags: [`t${number % 50}`],
          memory_type: "note",
          metadata: { number },
          conversation_id: `c${number >> 5}`,
          created_at: 1_700_000_000.5 + number / 7,
          updated_at: 1_700_000_000.5 + number / 3,
        },
        vectors: withVectors ? { model: MODEL.id, chunks: [vectorOf(number)] } : null,
      };
    }));
  }
}

/** SHA-256 of all memories with all their fields, in the order of their keys' appearance. */
async function checksum(name: string): Promise<string> {
  const storage = await openStorage({ backend: "sqlite", path: `${folder}/${name}/unimem.db` });
  const hash = createHash("sha256");
  for (let after: string | null = null, more = true; more;) {
    const page = await storage.scan(after, 1000);
    for (const memory of page.memories) hash.update(JSON.stringify(memory));
    [after, more] = [page.next, page.next !== null];
  }
  await storage.close();
  return hash.digest("hex");
}

/** Runs the command, watching its resident memory. */
async function run(name: string, ...args: string[]) {
  const task = await taskOf("unimem");
  const main = new URL("../../src/main.ts", import.meta.url).pathname, started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...task.flags, main, ...args],
    env: { ...task.env, MCP_MEMORY_BASE_DIR: `${folder}/${name}` },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let peak = 0;
  const timer = setInterval(async () => {
    const status = await Deno.readTextFile(`/proc/${child.pid}/status`).catch(() => "");
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }, 50);
  const { code } = await child.output();
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
  return { seconds: Math.round((performance.now() - started) / 10) / 100, peak_mb: Math.round(peak / 1024) };
}

try {
  await Deno.mkdir(`${folder}/from`);
  await Deno.mkdir(`${folder}/to`);
  const storage = await openStorage({ backend: "sqlite", path: `${folder}/from/unimem.db` });
  await fill(storage);
  await storage.close();
  const file = `${folder}/all.jsonl`;
  const exported = await run("from", "export", file, ...(withVectors ? ["--vectors"] : []));
  const imported = await run("to", "import", file);
  const again = await run("to", "import", file);
  const file_mb = Math.round((await Deno.stat(file)).size / 1e6);
  const same = await checksum("from") === await checksum("to");
  console.log(JSON.stringify({ count, withVectors, file_mb, same, exported, imported, again }, null, 2));
  if (!same) Deno.exit(1);
} finally {
  await Deno.remove(folder, { recursive: true });
}
