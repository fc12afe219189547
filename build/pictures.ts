/**
 * Takes the pictures of the dashboard for the documentation: the demo in a real browser, in one size and both themes.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPage, SETTLED } from "../tests/web/browser.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url)), FOLDER = join(ROOT, "docs/pictures");
const WIDTH = 1200, HEIGHT = 800;
/** Milliseconds that a page gets to draw after its data are there. */
const DRAWING_MS = 800;

/** What is shown, by the picture's name. `$` in an address stands for what the expression finds on the page before. */
const PICTURES: Readonly<Record<string, { at: string; dark?: boolean; width?: number }>> = {
  home: { at: "/" },
  memories: { at: "/memories?q=how+long+are+backups+kept" },
  memory: { at: "/memories?q=outage+of+14+March" },
  graph: { at: "/map?show=graph&tag=deploy" },
  conversations: { at: "/conversations" },
  conversation: { at: "/conversation?id=harbour%2Fdeploy" },
  documents: { at: "/documents" },
  insights: { at: "/insights?period=year", dark: true },
  review: { at: "/review" },
  contradictions: { at: "/review?show=contradictions", dark: true },
  map: { at: "/map" },
  tags: { at: "/tags" },
  connect: { at: "/connect" },
  candidates: { at: "/review?show=candidates" },
  backups: { at: "/backups" },
  spaces: { at: "/access?show=spaces" },
  service: { at: "/service" },
  api: { at: "/docs?call=search", dark: true },
  phone: { at: "/memories", width: 390 },
};

const folder = await Deno.makeTempDir({ prefix: "unimem-pictures-" });
const service = new Deno.Command(Deno.execPath(), {
  args: ["task", "--quiet", "unimem", "demo", "--folder", join(folder, "demo")],
  cwd: ROOT,
  env: { MCP_HTTP_PORT: "0", MCP_SERVER_PORT: "0", LOG_FORMAT: "text" },
  stderr: "piped",
  stdout: "null",
}).spawn();
try {
  const address = await addressOf(service.stderr);
  await withVectors(address);
  await makeMore(address);
  await Deno.mkdir(FOLDER, { recursive: true });
  await using page = await openPage();
  for (const [name, { at, dark = false, width = WIDTH }] of Object.entries(PICTURES)) {
    await page.resize(width, HEIGHT);
    await page.goto(address + at);
    await page.until(SETTLED);
    await page.run(`document.documentElement.dataset.theme = ${JSON.stringify(dark ? "dark" : "light")}`);
    if (name === "memory") {
      await page.until(`document.querySelector(".memory a.button") !== null`);
      await page.run(`document.querySelector(".memory a.button").click()`);
    }
    await new Promise((resolve) => setTimeout(resolve, DRAWING_MS));
    await page.screenshot(join(FOLDER, `${name}.png`));
  }
} finally {
  service.kill("SIGTERM");
  await service.status;
  await Deno.remove(folder, { recursive: true });
}

/** The address in the log; the log is read on, so that the service never waits for its reader. */
async function addressOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const found = Promise.withResolvers<string>();
  let said = "";
  stderr.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).pipeTo(
    new WritableStream({
      write: (text) => {
        said = (said + text).slice(-10_000);
        const address = /REST on (http:\/\/[\d.:]+)/.exec(said)?.[1];
        if (address !== undefined) found.resolve(address);
      },
      close: () => found.reject(new Error(`The demo ended: ${said}`)),
    }),
  ).catch(found.reject);
  return await found.promise;
}

/** What admins look at: a backup, and another space. */
async function makeMore(address: string): Promise<void> {
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    };
    const response = await fetch(address + path, init);
    if (!response.ok) throw new Error(`Cannot ${path}: ${await response.text()}`);
    await response.body?.cancel();
  };
  await post("/api/memories", { content: "The family's insurance ends in March." }, { "X-Unimem-Space": "private" });
  await post("/api/backups", {});
}

/** Waits until every memory has its vectors. */
async function withVectors(address: string): Promise<void> {
  while (true) {
    const { embedding: { coverage } } = await (await fetch(`${address}/api/health/detailed`)).json();
    if (coverage !== null && coverage.memories > 0 && coverage.embedded === coverage.memories) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
