import { assertEquals } from "@std/assert";
import { InFlight } from "../../src/mcp/in_flight.ts";

Deno.test("idle waits for everything that runs, failures included", async () => {
  const inFlight = new InFlight();
  let done = 0;
  const work = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  inFlight.track(work(20).then(() => void done++));
  const failing = inFlight.track(work(30).then(() => Promise.reject(new Error("x")))).catch(() => void done++);
  assertEquals(inFlight.size, 2);
  await inFlight.idle(1000);
  await failing;
  assertEquals([done, inFlight.size], [2, 0]);
});

Deno.test("idle gives up after its time", async () => {
  const inFlight = new InFlight();
  let finish = () => {};
  const work = inFlight.track(new Promise<void>((resolve) => finish = resolve));
  await inFlight.idle(30);
  assertEquals(inFlight.size, 1);
  finish();
  await work;
});
