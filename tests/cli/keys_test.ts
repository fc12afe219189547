import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { start, testEnvironment, until } from "../helpers/process.ts";
import { inFolder, json, unimem } from "./command.ts";

Deno.test("keys are made, listed, rotated and ended on the command line, beside a running service", () =>
  inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder));
    const status = async (token: string | null) => {
      const headers: HeadersInit = token === null ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(`${service.http}/api/tags`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    const becomes = (token: string | null, expected: number) =>
      until(() => status(token), (is) => is === expected, `${expected} for ${token?.slice(0, 15)}`);
    assertEquals(await status(null), 200);

    const made = await unimem(folder, "keys", "create", "laptop", "--rights", "read", "--requests", "1000");
    assertEquals(made.code, 0, made.err);
    assertMatch(made.out, /^um_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n$/);
    assertStringIncludes(made.err, "From now on every request needs a key, on this machine too");
    const token = made.out.trim();
    await becomes(token, 200);
    await becomes(null, 401);

    const listed = await unimem(folder, "keys", "list");
    assertMatch(listed.out, /^[0-9a-f]{12} {2}laptop {2}read {2}reads default; (never used|used .*h)\n$/);
    const rotated = await json(folder, "keys", "rotate", "laptop", "--overlap", "0");
    await becomes(token, 401);
    await becomes(rotated.token, 200);
    assert((await unimem(folder, "keys", "revoke", "laptop")).out.includes("It was the last one"));
    await becomes(null, 200);

    const wrong = await unimem(folder, "keys", "create", "x", "--rights", "write", "--write", "Not A Space");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.err, "--write");
    assertEquals((await unimem(folder, "keys", "revoke", "laptop")).code, 1);
    const unnamed = await unimem(folder, "keys", "create", "x");
    assertEquals([unnamed.code, unnamed.err.includes("--rights")], [2, true]);
  }));
