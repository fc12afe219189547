/**
 * What the audit log costs a store: CPU seconds of stores over REST with and without it, in turns.
 *
 *     deno run -A bench/tools/audit.ts [ROUNDS] [STORES]
 *
 * @module
 */

// First, since it prepares zod for OpenAPI before any schema is made.
import { appOver } from "../../tests/http/client.ts";
import process from "node:process";
import { noAudit } from "../../src/operations/audit/log.ts";
import { testRuntime } from "../../tests/helpers/runtime.ts";

const rounds = Number(Deno.args[0] ?? 15), stores = Number(Deno.args[1] ?? 400);
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

for (const embedded of [true, false]) {
  await using opened = await testRuntime(embedded ? {} : { embeddings: { serving: null } });
  const { runtime } = opened;
  // Two of each, so that the spread of one against itself shows what a difference is worth.
  const apps = {
    with: appOver(runtime),
    without: appOver({ ...runtime, audit: noAudit() }),
    again: appOver({ ...runtime, audit: noAudit() }),
  };
  const spent: Record<keyof typeof apps, number[]> = { with: [], without: [], again: [] };
  let n = 0;
  const run = async (app: keyof typeof apps) => {
    const began = cpu();
    for (let i = 0; i < stores; i++) {
      const body = JSON.stringify({ content: `Fact ${n++}: the service keeps what agents are told.`, tags: ["bench"] });
      const headers = { "content-type": "application/json" };
      const response = await apps[app].request("/api/memories", { method: "POST", headers, body });
      await response.body?.cancel();
      if (response.status !== 200) throw new Error(String(response.status));
    }
    // The last entries are written within that time.
    await new Promise((resolve) => setTimeout(resolve, 60));
    spent[app].push((cpu() - began) / stores * 1000);
  };
  for (const app of ["with", "without", "again"] as const) await run(app);
  for (const times of Object.values(spent)) times.length = 0;
  for (let round = 0; round < rounds; round++) {
    const order = (["with", "without", "again"] as const).map((_, i, all) => all[(i + round) % 3]!);
    for (const app of order) await run(app);
  }
  const share = (a: keyof typeof apps, b: keyof typeof apps) =>
    median(spent[a].map((time, i) => (time / spent[b][i]! - 1) * 100)).toFixed(1);
  console.log(
    `${embedded ? "with vectors" : "words alone"}: ${median(spent.without).toFixed(0)} µs of CPU a store, ` +
      `${median(spent.with).toFixed(0)} µs with the log: ${share("with", "without")} % more; ` +
      `the same twice: ${share("again", "without")} %`,
  );
}
Deno.exit(0);
