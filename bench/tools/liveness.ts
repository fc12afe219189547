/**
 * Asks a service whether it lives, and at the same moments a server that does nothing, ten times a second. Prints a line
 * of JSON with both times for each, in milliseconds. Usage: liveness.ts SERVICE_URL IDLE_URL SECONDS
 *
 * @module
 */

const [service, idle, seconds] = Deno.args as [string, string, string];
const EVERY_MS = 100, GIVE_UP_MS = 30_000;

/** Milliseconds to the whole answer; null without one. */
async function time(url: string): Promise<number | null> {
  const began = performance.now();
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(GIVE_UP_MS) });
    await response.arrayBuffer();
    return response.ok ? performance.now() - began : null;
  } catch {
    return null;
  }
}

const end = performance.now() + Number(seconds) * 1000;
const pending = new Set<Promise<void>>();
while (performance.now() < end) {
  const at = performance.now();
  const probe = Promise.all([time(service), time(idle)]).then(([own, other]) => {
    console.log(JSON.stringify({ at: Math.round(at), service: own, idle: other }));
  });
  pending.add(probe);
  probe.finally(() => pending.delete(probe));
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
await Promise.all(pending);
