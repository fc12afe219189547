/** A port that is taken: what has it, as far as that can be told. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { VERSION } from "../../src/version.ts";
import { start, testEnvironment } from "../helpers/process.ts";
import { freePort } from "../helpers/qdrant.ts";
import { type Ended, inFolder, unimemIn } from "./command.ts";

Deno.test("a port in use names the Unimem that has it, or says how to take another one", () =>
  inFolder(async (root) => {
    const rest = freePort(), mcp = freePort(), other = { MCP_HTTP_PORT: "0", MCP_SERVER_PORT: "0" };
    const ports = { MCP_HTTP_PORT: String(rest), MCP_SERVER_PORT: String(mcp) };
    const refused = async (folder: string, variables: Record<string, string>, command = "unified"): Promise<Ended> => {
      const ended = await unimemIn(testEnvironment(folder, variables), command);
      assertEquals(ended.code, 2, ended.err);
      return ended;
    };
    {
      await using service = await start("unified", testEnvironment(`${root}/a`, ports));
      const held = `Unimem ${VERSION}, process ${service.pid}, over ${root}/a,`;
      const byRest = await refused(`${root}/b`, ports);
      assertStringIncludes(
        byRest.err,
        `${held} has port ${rest}; stop it, or set MCP_HTTP_PORT to another port, such as`,
      );
      // The same folder, whose file holds the way to it.
      assertStringIncludes((await refused(`${root}/a`, ports)).err, held);
      assertStringIncludes(
        (await refused(`${root}/a`, { ...other, MCP_SERVER_PORT: String(mcp) })).err,
        `has port ${mcp}`,
      );
    }
    {
      await using _ = await start("unified", testEnvironment(`${root}/a`, { ...ports, MCP_API_KEY: "its-own-key" }));
      const { err } = await refused(`${root}/b`, ports, "http");
      assertStringIncludes(err, `Unimem ${VERSION}, which asks for a key, has port ${rest}`);
      assertEquals(err.includes(root), false, "where it is, is for those with its key");
    }
    const server = Deno.serve({ hostname: "127.0.0.1", port: rest, onListen: () => {} }, () => new Response("hello"));
    const { err } = await refused(`${root}/b`, ports, "http");
    assertStringIncludes(
      err,
      `another program has port ${rest}; set MCP_HTTP_PORT to another port, such as ${rest + 10}`,
    );
    await server.shutdown();
  }));
