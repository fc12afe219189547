/** How commands reach a service without the table of settings: as the settings would have it, or not at all. */

import { assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { simpleReach } from "../../src/config/data_folder.ts";
import { reachOf } from "../../src/process/settings.ts";

const MACHINES = ["linux", "darwin", "windows"].map((os) => ({ os, cores: 2, timeZone: "Europe/Berlin" }));
const HOME = { HOME: "/home/ada" };

Deno.test("what needs no table of settings is the same as with it", () => {
  for (const machine of MACHINES) {
    for (
      const env of [
        HOME,
        { ...HOME, MCP_MEMORY_BASE_DIR: "/srv/memory" },
        { ...HOME, MCP_MEMORY_BASE_DIR: "~/memory" },
        { ...HOME, MCP_MEMORY_BASE_DIR: " /srv/memory ", MCP_HTTP_PORT: "9", LOG_LEVEL: "debug", MCP_API_KEY: "abc" },
        { ...HOME, mcp_memory_base_dir: "/srv/in small letters" },
        { ...HOME, MCP_TRANSPORT_MODE: "stdio" },
      ]
    ) {
      const full = reachOf(parseConfig(env, { ...machine, forOneUser: true }));
      assertEquals(simpleReach(env, machine, () => false, ["/project"]), full, JSON.stringify(env));
    }
  }
});

Deno.test("whatever else has a say is left to the settings", () => {
  const [machine] = MACHINES, none = () => false;
  for (
    const env of [
      { ...HOME, UNIMEM_SERVER: "http://127.0.0.1:9" },
      { ...HOME, UNIMEM_API_KEY: "abc" },
      { ...HOME, mcp_space: "a" },
      { ...HOME, MCP_TIME_ZONE: "UTC" },
      { ...HOME, MCP_MEMORY_STORAGE_BACKEND: "qdrant" },
      { ...HOME, MCP_QDRANT_URL: "http://127.0.0.1:9" },
      { ...HOME, SQLITEVEC_PATH: "/srv/other.db" },
      { ...HOME, MCP_MEMORY_BASE_DIR: "relative" },
      { ...HOME, MCP_MEMORY_BASE_DIR: "~bob/memory" },
      {},
    ]
  ) assertEquals(simpleReach(env, machine!, none, []), null, JSON.stringify(env));
  const data = "/home/ada/.local/share/mcp-memory";
  for (const file of ["/project/.env", "/work/.env", `${data}/.env`]) {
    assertEquals(simpleReach(HOME, machine!, (path) => path === file, ["/project", "/work"]), null, file);
  }
});
