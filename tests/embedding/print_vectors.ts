/** Prints the vectors of texts, given as a JSON list, by the bundled model; for processors that only an emulator has. */
import { createEmbeddingService } from "../../src/embedding/factory.ts";

const service = createEmbeddingService({
  provider: "local",
  model: "all-MiniLM-L6-v2",
  cacheFolder: "/nonexistent/cache",
  offline: true,
  threads: 1,
  cacheBytes: 0,
  queueLimit: 1000,
});
await service.ready();
const vectors: number[][] = [];
for (const text of JSON.parse(Deno.args[0]!)) vectors.push(Array.from(await service.embedQuery(text)));
console.log(JSON.stringify({ status: service.status, vectors }));
await service.close();
