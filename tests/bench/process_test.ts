import { assert, assertEquals, assertRejects } from "@std/assert";
import { freePorts, inTemporaryFolder, launch, residentBytes } from "../../bench/lib/process.ts";

const script = (code: string) => ({ command: Deno.execPath(), args: ["eval", code], env: {}, cwd: Deno.cwd() });

Deno.test("a service is waited for, measured and stopped by its own id", async () => {
  const [port] = freePorts(1);
  const answers = [async () => (await (await fetch(`http://127.0.0.1:${port}`)).text()) === "here"];
  const server = `Deno.serve({ hostname: "127.0.0.1", port: ${port} }, () => new Response("here"))`;
  const running = await launch({ name: "A server", ...script(server), answers, limitMs: 20_000 });
  assert(running.startMs > 0);
  assert(await residentBytes(running.pid) > 1e6);
  await running.stop();
  await running.stop();
  await assertRejects(() => fetch(`http://127.0.0.1:${port}`));
});

Deno.test("a service that ends or never answers fails with what it said", async () => {
  const never = [() => Promise.resolve(false)];
  const ends = launch({ name: "It", ...script('console.error("no luck")'), answers: never, limitMs: 20_000 });
  await assertRejects(() => ends, Error, "no luck");
  const hangs = launch({ name: "It", ...script("setTimeout(() => {}, 60_000)"), answers: never, limitMs: 300 });
  await assertRejects(() => hangs, Error, "It did not answer within 300 ms");
});

Deno.test("free ports differ, and temporary folders go away", async () => {
  assertEquals(new Set(freePorts(5)).size, 5);
  const folder = await inTemporaryFolder((path) => Promise.resolve(path));
  await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
});
