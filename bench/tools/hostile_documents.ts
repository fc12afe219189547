/**
 * How late liveness is answered while hostile documents are uploaded, beside how late an idle process is at the time, and
 * what the whole tree takes: `deno run --allow-all bench/tools/hostile_documents.ts [SHAPES]`. Prints JSON.
 *
 * SHAPES is a regular expression for the names of shapes; without it all are uploaded.
 *
 * @module
 */

import { HOSTILE_FILES, pdfBombs } from "../../tests/hostile/documents.ts";
import type { LoopDelays } from "../lib/loop_delay.ts";
import { freePorts, inTemporaryFolder, residentBytes, sleep } from "../lib/process.ts";
import { percentile } from "../lib/stats.ts";
import { runTool } from "../lib/tool.ts";
import { startScript, taskOf } from "../lib/unimem.ts";

/** Characters of each file, and megabytes that each PDF unpacks to. */
const FILE_SIZE = 120 * 1024, BOMB_MB = 1400;
const PROBE_EVERY_MS = 20;

const shapes = new Map<Uint8Array, string>(), files: [name: string, bytes: Uint8Array<ArrayBuffer>][] = [];
const wanted = new RegExp(Deno.args[0] ?? "");
for (const [shape, make] of Object.entries(HOSTILE_FILES)) {
  if (!wanted.test(shape)) continue;
  const [name, bytes] = make(FILE_SIZE);
  shapes.set(bytes, shape);
  files.push([name, bytes]);
}
for (const [name, bytes] of await pdfBombs(BOMB_MB)) if (wanted.test(name)) files.push([`${name}.pdf`, bytes]);

await inTemporaryFolder(async (folder) => {
  const [port] = freePorts(1), watch = `http://127.0.0.1:${port}/`;
  // All access, since what the thread computed is read from /proc.
  const task = await taskOf("unified"), flags = task.flags.filter((flag) => flag.startsWith("--v8-flags"));
  const script = new URL("watched.ts", import.meta.url);
  await using unimem = await startScript(script, { ...task, flags: [...flags, "--allow-all"] }, folder, {
    BENCH_WATCH_PORT: String(port),
  });
  const { pid, rest: { base } } = unimem;
  const before = await residentBytes(pid);
  const outcomes: string[] = [], delays: number[] = [], idle: number[] = [];
  let done = false, peak = 0;
  const probing = (async () => {
    while (!done) {
      const began = performance.now();
      await (await fetch(`${base}/api/health`)).body?.cancel();
      delays.push(performance.now() - began);
      await sleep(PROBE_EVERY_MS);
    }
  })();
  const watching = (async () => {
    while (!done) peak = Math.max(peak, await residentBytes(pid));
  })();
  const beside = (async () => {
    while (!done) idle.push((await runTool<LoopDelays>("idle.ts", ["5"])).max);
  })();
  const longest: [name: string, computing: number][] = [];
  let delay = 0;
  for (const [name, bytes] of files) {
    await (await fetch(watch, { method: "POST" })).body?.cancel();
    outcomes.push(await outcomeOf(base, name, bytes));
    const { max, maxComputing }: LoopDelays = await (await fetch(watch)).json();
    delay = Math.max(delay, max);
    longest.push([shapeOf(name, bytes), maxComputing ?? 0]);
  }
  longest.sort((a, b) => b[1] - a[1]);
  done = true;
  await Promise.all([probing, watching, beside]);
  console.log(JSON.stringify({
    documents: files.length,
    refused: outcomes.filter((outcome) => outcome !== "completed"),
    probes: delays.length,
    liveness_ms: { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), max: Math.max(...delays) },
    /** The longest that a timer of the service came late, and one of a process with nothing to do. */
    delay_max_ms: { service: delay, idle: Math.max(...idle) },
    /** The most the service's thread computed between two timers, which waiting for a core doesn't add to. */
    computing_max_ms: longest.slice(0, 8),
    resident_mb: { before: before / 1e6, peak: peak / 1e6 },
  }));
});

function shapeOf(name: string, bytes: Uint8Array): string {
  return shapes.get(bytes) ?? name;
}

/** Uploads a file and gives what became of it. */
async function outcomeOf(base: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const form = new FormData();
  form.append("file", new File([bytes], name));
  const { upload_id } = await (await fetch(`${base}/api/documents/upload`, { method: "POST", body: form })).json();
  while (true) {
    const { status, errors, completed_at } = await (await fetch(`${base}/api/documents/status/${upload_id}`)).json();
    if (completed_at !== null) return status === "completed" ? status : errors.join("; ");
    await sleep(50);
  }
}
