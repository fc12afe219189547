/** A service in this process: what it leaves open when it stops. */

// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { startService } from "../src/unified.ts";
import { assertEquals } from "@std/assert";
import { parseConfig } from "../src/config.ts";
import { createLogger } from "../src/operations/logger.ts";
import { openStorage } from "../src/storage/factory.ts";
import { isStorageInitialized } from "../src/storage/shared.ts";
import { inFolder } from "./helpers/folder.ts";
import { testEnvironment } from "./helpers/process.ts";

for (const servers of [{ http: true, mcp: true }, { http: true, mcp: false }, { http: false, mcp: true }]) {
  const names = Object.entries(servers).filter(([, on]) => on).map(([name]) => name).join(" and ");
  Deno.test(`a stopped service of ${names} has closed its store, and another can start in its place`, () =>
    inFolder(async (folder) => {
      const config = parseConfig(testEnvironment(folder), { os: Deno.build.os, cores: navigator.hardwareConcurrency });
      const starts = servers.http && servers.mcp ? 2 : 1;
      for (let start = 1; start <= starts; start++) {
        const service = await startService(config, servers, createLogger("error", () => {}));
        assertEquals(isStorageInitialized(), true);
        const content = `Stored in start ${start}`, hash = start.toString(16).repeat(64);
        const memory = { content, content_hash: hash, tags: [], memory_type: null, metadata: {} };
        const times = { conversation_id: null, created_at: start, updated_at: start };
        await service.runtime.storage.store([{ memory: { ...memory, ...times }, vectors: null }]);
        await service.stop();
        await service.stop();
        assertEquals(isStorageInitialized(), false);
        // SQLite takes its log away with the last connection to the file.
        const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
        assertEquals(names.filter((name) => /-(wal|shm|journal)$/.test(name)), []);
      }
      const storage = await openStorage({ backend: "sqlite", path: `${folder}/unimem.db` });
      assertEquals((await storage.stats()).total_memories, starts);
      await storage.close();
    }));
}
