import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { WrongKeys } from "../../src/access/wrong_keys.ts";
import { accessWarnings, parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { createMcpListener } from "../../src/mcp/listener.ts";
import { inFolder, unimemIn } from "../cli/command.ts";
import { start, testEnvironment, until } from "../helpers/process.ts";
import { openClient } from "../http/client.ts";
import { OPEN } from "../mcp/clients.ts";
import { testRuntime } from "../helpers/runtime.ts";

const KEY = "right-and-long-enough";

/** A keyed app, called from addresses, with a clock in seconds. */
async function keyed() {
  let seconds = 0;
  const wrongKeys = new WrongKeys(() => seconds * 1000), lines: string[] = [];
  const log = createLogger("warning", (line) => lines.push(line));
  const client = await openClient({ http: { apiKey: KEY, wrongKeys, log } });
  const from = async (clientIp: string, key: string) => {
    const response = await client.app.request("/api/memories", { headers: { "X-API-Key": key } }, { clientIp });
    const wait = Number(response.headers.get("retry-after"));
    await response.body?.cancel();
    return { status: response.status, wait };
  };
  return { client, from, lines, wrongKeys, pass: (more: number) => void (seconds += more) };
}

Deno.test("an address that guesses keys has to wait longer each time, and others don't", async () => {
  const { client, from, pass } = await keyed();
  await using _ = client;
  for (let i = 0; i < 10; i++) assertEquals((await from("203.0.113.7", `guess ${i}`)).status, 401);
  const waits: number[] = [];
  for (let i = 10; i < 18; i++) {
    const { status, wait } = await from("203.0.113.7", `guess ${i}`);
    assertEquals(status, 429);
    waits.push(wait);
    pass(wait);
    assertEquals((await from("203.0.113.7", `next guess ${i}`)).status, 401);
  }
  assertEquals(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
  // Nothing is compared meanwhile, or the right guess would get through.
  assertEquals((await from("203.0.113.7", KEY)).status, 429);
  assertEquals((await from("203.0.113.8", KEY)).status, 200);
  pass(60);
  assertEquals((await from("203.0.113.7", KEY)).status, 200);
});

Deno.test("a client that repeats an old key doesn't shut out others at its address", async () => {
  const { client, from } = await keyed();
  await using _ = client;
  const statuses = [];
  for (let i = 0; i < 200; i++) statuses.push((await from("127.0.0.1", "the key before")).status);
  assertEquals([statuses[0], statuses.at(-1)], [401, 429]);
  assertEquals((await from("127.0.0.1", KEY)).status, 200);
});

Deno.test("a guesser behind the same proxy doesn't shut out clients with the right key", async () => {
  const { client, from } = await keyed();
  await using _ = client;
  assertEquals((await from("192.0.2.1", KEY)).status, 200);
  for (let i = 0; i < 100; i++) await from("192.0.2.1", `guess ${i}`);
  assertEquals((await from("192.0.2.1", "guess")).status, 429);
  assertEquals((await from("192.0.2.1", KEY)).status, 200);
  for (let i = 0; i < 12; i++) await from("192.0.2.2", `guess ${i}`);
  assertEquals((await from("192.0.2.2", KEY)).status, 429);
});

Deno.test("a missing key is no wrong one, and addresses of one IPv6 network count as one", async () => {
  const { client, from } = await keyed();
  await using _ = client;
  for (let i = 0; i < 50; i++) {
    const response = await client.app.request("/api/memories", {}, { clientIp: "198.51.100.1" });
    assertEquals(response.status, 401);
    await response.body?.cancel();
  }
  for (let i = 0; i < 10; i++) await from(`2001:db8:1:2::${i}`, `guess ${i}`);
  assertEquals((await from("2001:db8:1:2:ffff::1", "guess")).status, 429);
  assertEquals((await from("2001:db8:1:3::1", "guess")).status, 401);
  for (let i = 0; i < 10; i++) await from("::ffff:198.51.100.9", `guess ${i}`);
  assertEquals((await from("198.51.100.9", "guess")).status, 429);
});

Deno.test("wrong keys are counted and logged with their address, on both ports", async () => {
  const { client, from, lines } = await keyed();
  await using _ = client;
  await from("203.0.113.9", "guess");
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0]!, "203.0.113.9");
  assertEquals(lines[0]!.includes("guess"), false);
  const metrics = await client.get("/metrics", { "X-API-Key": KEY });
  assertStringIncludes(metrics.text, 'unimem_wrong_keys_total{surface="rest"} 1');

  await using test = await testRuntime({ embeddings: { serving: null } });
  const listener = createMcpListener(test.runtime, {
    access: { ...OPEN, apiKey: KEY },
    serverName: "unimem",
    log: createLogger("warning", (line) => lines.push(line)),
  });
  const remoteAddr: Deno.NetAddr = { transport: "tcp", hostname: "203.0.113.10", port: 1 };
  let last = 0;
  for (let i = 0; i < 11; i++) {
    const request = new Request("http://localhost/mcp", { headers: { "x-api-key": `guess ${i}` } });
    const response = await listener.fetch(request, { remoteAddr });
    await response.body?.cancel();
    last = response.status;
  }
  assertEquals([last, lines.filter((line) => line.includes("203.0.113.10")).length], [429, 10]);
  await listener.close();
});

Deno.test("the table of addresses is bounded, and forgets", () => {
  let now = 0;
  const wrongKeys = new WrongKeys(() => now);
  for (let i = 0; i < 30_000; i++) wrongKeys.add(`address ${i}`, "x");
  assert(wrongKeys.size <= 10_000, `${wrongKeys.size}`);
  now += 16 * 60_000;
  wrongKeys.add("another", "x");
  assertEquals(wrongKeys.size, 1);
});

Deno.test("a very short key is refused where other machines can reach the service", () => {
  const problemsOf = (env: Record<string, string>) => {
    try {
      parseConfig({ HOME: "/home/x", ...env }, { os: "linux", cores: 2 });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
    for (const name of ["MCP_HTTP_HOST", "MCP_SERVER_HOST"]) {
      const said = problemsOf({ [name]: host, MCP_API_KEY: "seven77", MCP_ALLOW_ANONYMOUS_ACCESS: "true" });
      assertStringIncludes(said, "at least 8 characters");
      assertStringIncludes(said, name);
      assertEquals(said.includes("seven77"), false);
      assertEquals(problemsOf({ [name]: host, MCP_API_KEY: "eight888" }), "");
    }
  }
  assertEquals(problemsOf({ MCP_API_KEY: "k" }), "");
});

Deno.test("a short key, and any host without a key, are warned of", () => {
  const warned = (env: Record<string, string>) =>
    accessWarnings(parseConfig({ HOME: "/home/x", ...env }, { os: "linux", cores: 2 }).access)
      .map(({ message }) => message.split(" ", 1)[0]!);
  assertEquals(warned({ MCP_API_KEY: "fifteen-letters" }), ["MCP_API_KEY"]);
  assertEquals(warned({ MCP_API_KEY: "sixteen-letters-" }), []);
  for (const hosts of ["*", "memory.example, *", '["*"]']) {
    assertEquals(warned({ MCP_ALLOWED_HOSTS: hosts }), ["MCP_ALLOWED_HOSTS=*"], hosts);
    assertEquals(warned({ MCP_ALLOWED_HOSTS: hosts, MCP_API_KEY: "sixteen-letters-" }), []);
  }
  assertEquals(warned({ MCP_ALLOWED_HOSTS: "memory.example" }), []);
});

Deno.test("the warning of any host without a key stands in the log of a start and in what doctor finds", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { MCP_ALLOWED_HOSTS: "*" });
    await using service = await start("unified", env);
    const warning = "WARNING MCP_ALLOWED_HOSTS=* without MCP_API_KEY";
    await until(() => Promise.resolve(service.log()), (log) => log.includes(warning), "the warning");
    const { out, err } = await unimemIn(env, "doctor");
    assertStringIncludes(out + err, "MCP_ALLOWED_HOSTS=* without MCP_API_KEY");
  }));
