/**
 * The tests of times once more, on machines in other zones than UTC: what names no zone means the zone of the request or
 * the settings, never that of the machine. A process has one zone, so each zone gets a process.
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "../helpers/paths.ts";

const PROJECT = fromFileUrl(new URL("../../", import.meta.url));
const TIME_TESTS = [
  "tests/memory/instant_test.ts",
  "tests/memory/time_expression_test.ts",
  "tests/memory/time_extraction_test.ts",
  "tests/memory/time_languages_test.ts",
  "tests/http/times_test.ts",
  "tests/importers/sources_test.ts",
];
const PERMISSIONS = ["net=127.0.0.1,localhost", "env", "sys", "read", "write", "ffi", "run"];

// Behind UTC with summer time, ahead of it by a quarter of an hour more, and a day ahead.
for (const zone of ["America/Los_Angeles", "Australia/Eucla", "Pacific/Kiritimati"]) {
  Deno.test(`times are read alike on a machine in ${zone}`, async () => {
    const own = new Deno.Command(Deno.execPath(), {
      args: ["eval", "console.log(Temporal.Now.timeZoneId())"],
      cwd: PROJECT,
      env: { TZ: zone },
    });
    const tests = new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "--no-check", ...PERMISSIONS.map((name) => `--allow-${name}`), ...TIME_TESTS],
      cwd: PROJECT,
      env: { TZ: zone, NO_COLOR: "1" },
      stderr: "piped",
    });
    const [{ stdout: named }, { code, stdout, stderr }] = await Promise.all([own.output(), tests.output()]);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals(text(named).trim(), zone, "the system knows no time zones, or the process didn't take its own");
    assertEquals(code, 0, text(stdout) + text(stderr));
    const passed = Number(/ok \| (\d+) passed/.exec(text(stdout))?.[1] ?? 0);
    assert(passed >= 25, text(stdout).slice(-500));
  });
}
