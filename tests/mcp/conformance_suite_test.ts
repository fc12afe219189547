/**
 * The official conformance suite itself, against a real service. `CONFORMANCE_SUITE` names it as Deno runs it,
 * `npm:@modelcontextprotocol/conformance@0.2.0-alpha.12` or a path; without it the tests are reported as ignored.
 */

import { assertEquals } from "@std/assert";
import { inFolder } from "../helpers/folder.ts";
import { start, testEnvironment } from "../helpers/process.ts";
import { freePort } from "../helpers/qdrant.ts";
import { ADMIN_KEY, Flow } from "../oauth/flow.ts";

const SUITE = Deno.env.get("CONFORMANCE_SUITE");

/**
 * What passes by revision. The others ask for tools, resources and prompts of the suite's example server, or for what isn't
 * offered: logging, sampling, elicitation, progress, tasks.
 */
const PASSES: Readonly<Record<string, readonly string[]>> = {
  "2025-11-25": [
    ...["server-initialize", "ping", "completion-complete", "tools-list", "tools-call-simple-text", "tools-call-error"],
    ...["server-sse-multiple-streams", "resources-list", "prompts-list", "dns-rebinding-protection"],
    ...["server-session-lifecycle", "server-sse-polling"],
  ],
  "2026-07-28": [
    ...["completion-complete", "tools-list", "tools-call-simple-text", "tools-call-error", "resources-list"],
    ...["server-sse-multiple-streams", "sep-2164-resource-not-found", "prompts-list", "dns-rebinding-protection"],
    ...["caching", "input-required-result-missing-input-response", "input-required-result-unsupported-methods"],
    ...["input-required-result-ignore-extra-params", "input-required-result-validate-input"],
    ...["http-header-validation", "tasks-status-notifications"],
  ],
};

/** Runs the suite in `folder`, where it leaves its results, and gives what it said line by line. */
async function* suite(folder: string, args: string[]): AsyncGenerator<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", "--no-config", "--no-lock"],
      ...SUITE!.startsWith("npm:") ? [] : ["--node-modules-dir=manual"],
      ...[SUITE!, ...args],
    ],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (text + piece).split("\n");
    text = lines.pop()!;
    yield* lines;
  }
  await child.status;
}

/** What a run's summary says of each scenario. @param onLine Called with each line. */
async function results(
  lines: AsyncIterable<string>,
  onLine: (line: string) => Promise<void> = () => Promise.resolve(),
) {
  const found = new Map<string, { passed: number; failed: number }>();
  for await (const line of lines) {
    const match = /^\S+ ([\w-]+): (\d+) passed, (\d+) failed/.exec(line);
    if (match !== null) found.set(match[1]!, { passed: Number(match[2]), failed: Number(match[3]) });
    await onLine(line);
  }
  return found;
}

for (const [revision, passes] of Object.entries(PASSES)) {
  Deno.test({
    name: `the conformance suite's server scenarios of ${revision} pass as far as they are about what is offered`,
    ignore: SUITE === undefined,
    fn: () =>
      inFolder(async (folder) => {
        await using service = await start("unified", testEnvironment(`${folder}/data`));
        const args = ["server", "--url", `${service.mcp}/mcp`, "--requirements", revision];
        const found = await results(suite(folder, args));
        assertEquals(passes.filter((name) => found.get(name)?.failed !== 0), []);
        // Two of its checks call a tool of the example server.
        const stateless = found.get("server-stateless");
        if (stateless !== undefined) assertEquals(stateless, { passed: 26, failed: 2 });
      }),
  });
}

Deno.test({
  name: "the conformance suite's authorization server scenarios pass against the built-in server",
  ignore: SUITE === undefined,
  fn: () =>
    inFolder(async (folder) => {
      const env = testEnvironment(`${folder}/data`, { MCP_OAUTH_ENABLED: "true", MCP_API_KEY: ADMIN_KEY });
      await using service = await start("unified", env);
      const flow = new Flow((path, init) => fetch(service.http + path, init)), port = freePort();
      const { client_id } = await flow.register({ redirect_uris: [`http://127.0.0.1:${port}/callback`] });
      const args = [
        "authorization",
        "--url",
        service.http,
        "--client-id",
        client_id,
        "--port",
        String(port),
        "--verbose",
      ];
      const found = await results(suite(folder, args), async (line) => {
        if (!line.startsWith(`${service.http}/oauth/authorize?`)) return;
        // The owner's part.
        const answer = await flow.send(await flow.open(new URL(line).search.slice(1)));
        await (await fetch(answer.headers.get("location")!)).body?.cancel();
      });
      assertEquals(Object.fromEntries(found), {
        "authorization-server-metadata-endpoint": { passed: 2, failed: 0 },
        "authorization-code-grant": { passed: 1, failed: 0 },
      });
    }),
});
