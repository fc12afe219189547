/**
 * Tidying the database file while it is in use, so that nothing of what was deleted is left in it.
 *
 * @module
 */

import type { Database } from "./database.ts";
import type { RewriteAnswer } from "./rewrite_worker.ts";
import type { WriteQueue } from "./write_queue.ts";

/**
 * Writes everything with words in it again in a worker, drops terms that no memory has, empties the write-ahead log and
 * refreshes the query planner's figures. Reads go on meanwhile, writes of this process wait.
 */
export async function optimise({ path, writer }: Database, queue: WriteQueue): Promise<string> {
  const answer = await queue.alone("optimize the store", () => rewrite(path));
  if ("failed" in answer) throw new Error(answer.failed);
  await queue.run(
    "refresh statistics",
    // deno-lint-ignore require-yield -- looks at a bounded number of rows
    function* () {
      writer.exec("PRAGMA analysis_limit = 400; PRAGMA optimize");
      return { result: undefined, changed: 0 };
    },
  );
  const { terms, emptied } = answer;
  return `Optimized the database: nothing deleted is left in its pages, ${terms} unused terms dropped, statistics ` +
    `refreshed, ` +
    (emptied
      ? "log emptied"
      : "log not emptied, for another process reads an older state: it keeps what was deleted until optimized again");
}

async function rewrite(path: string): Promise<RewriteAnswer> {
  const worker = new Worker(new URL("./rewrite_worker.ts", import.meta.url), { type: "module", name: "rewrite" });
  try {
    return await new Promise<RewriteAnswer>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<RewriteAnswer>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve({ failed: event.message });
      };
      worker.postMessage(path);
    });
  } finally {
    worker.terminate(); // it has closed its connection
  }
}
