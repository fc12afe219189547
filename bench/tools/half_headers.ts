/**
 * What requests cost whose headers never end: memory and descriptors of the service while so many are open, and whether
 * it still answers. Usage: half_headers.ts [CONNECTIONS]
 *
 * @module
 */

import { inTemporaryFolder, residentBytes, settledBytes, sleep } from "../lib/process.ts";
import { startUnimem } from "../lib/unimem.ts";

const count = Number(Deno.args[0] ?? 2000);
const SETTLE_MS = 10_000, HELD_MS = 60_000;

const descriptors = async (pid: number) => (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20 * 10) / 10;

await inTemporaryFolder(async (folder) => {
  await using service = await startUnimem(folder, { LOG_LEVEL: "warning" });
  const ports = [new URL(service.rest.base).port, new URL(service.mcp).port].map(Number);
  const state = async () => ({
    megabytes: megabytes(await residentBytes(service.pid)),
    files: await descriptors(service.pid),
  });
  await settledBytes(service.pid);
  const before = await state();
  const half = new TextEncoder().encode("POST /api/memories HTTP/1.1\r\nHost: localhost\r\nX-Half: ");
  const sockets = await Promise.all(Array.from({ length: count }, async (_, i) => {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: ports[i % 2]! });
    await socket.write(half);
    return socket;
  }));
  await sleep(SETTLE_MS);
  const during = await state(), began = performance.now();
  const alive = (await fetch(`${service.rest.base}/api/health`)).ok, answeredMs = performance.now() - began;
  await sleep(HELD_MS);
  const later = await state();
  sockets.forEach((socket) => socket.close());
  await settledBytes(service.pid);
  const after = await state();
  console.log(JSON.stringify({ count, before, during, alive, answeredMs, after_a_minute: later, after }, null, 2));
});
