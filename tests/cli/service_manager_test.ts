/** `unimem service`, with a folder as home; of the service manager only its programs are stand-ins. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { delimiter } from "node:path";
import { managerOf } from "../../src/cli/service/manager.ts";
import type { CliContext, Place } from "../../src/cli/context.ts";
import { runCommand } from "../../src/cli/program.ts";
import { parseConfig, settingOrigins } from "../../src/config.ts";
import { MemoryError } from "../../src/errors.ts";
import { reachOf } from "../../src/process/settings.ts";
import { start, testEnvironment, until } from "../helpers/process.ts";
import { readPlist } from "../helpers/plist.ts";
import { ended, inFolder, unimemIn } from "./command.ts";

const KEY = `it's "a" key`;
const isLinux = Deno.build.os === "linux";
const { denoDir } = JSON.parse(
  new TextDecoder().decode((await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout),
);

/** What systemctl and journalctl are called with lands in `calls`; the service runs while there is a file `active`. */
const STAND_IN = `#!/bin/sh
echo "$(basename "$0") $*" >> "$HOME/calls"
case "$*" in
  *show-environment*) test ! -e "$HOME/away" ;;
  *is-active*) test -e "$HOME/active" ;;
  *enable*--now*) touch "$HOME/active" ;;
  *disable*) rm -f "$HOME/active" ;;
  *--unit*) echo "what it said" ;;
esac
`;

/** A home with a service manager, and what commands there are run with. */
async function homeIn(folder: string, extra: Record<string, string> = {}) {
  const home = `${folder}/a home, 100%`, bin = `${home}/bin`;
  await Deno.mkdir(bin, { recursive: true });
  for (const name of ["systemctl", "journalctl"]) {
    await Deno.writeTextFile(`${bin}/${name}`, STAND_IN, { mode: 0o755 });
  }
  // Where the Deno that runs here is one of npx, npx starts it; what it fetches is that Deno.
  const npx =
    `#!/bin/sh\n[ "$1 $2" = "--yes deno@${Deno.version.deno}" ] || exit 9\nshift 2\nexec '${Deno.execPath()}' "$@"\n`;
  await Deno.writeTextFile(`${bin}/npx`, npx, { mode: 0o755 });
  const path = [bin, Deno.env.get("PATH")].join(delimiter);
  const env = testEnvironment(`${home}/data`, { HOME: home, PATH: path, DENO_DIR: denoDir, ...extra });
  const unit = `${home}/.config/systemd/user/unimem.service`, settings = `${home}/data/service.env`;
  return {
    home,
    unit,
    settings,
    run: (...args: string[]) => unimemIn(env, "service", ...args),
    calls: async () => (await Deno.readTextFile(`${home}/calls`).catch(() => "")).split("\n").filter(Boolean),
    there: () =>
      [unit, settings].filter((file) => {
        try {
          return Deno.statSync(file).isFile;
        } catch {
          return false;
        }
      }),
    env,
  };
}

/** Words of a line in a unit, by the rules of systemd.syntax(7). */
function wordsIn(unit: string, name: string): string[] {
  const line = unit.split("\n").find((line) => line.startsWith(`${name}=`))!;
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) =>
    word!.replaceAll(/\\(.)/g, "$1").replaceAll("%%", "%").replaceAll("$$", "$")
  );
}

Deno.test({
  name: "service install shows what it would write, writes it for this user alone, and what it wrote serves",
  ignore: !isLinux,
  fn: () =>
    inFolder(async (folder) => {
      const { run, calls, there, unit, settings, home } = await homeIn(folder, { MCP_API_KEY: KEY, LOG_LEVEL: "info" });
      const shown = await run("install");
      assertEquals([shown.code, there(), await calls()], [0, [], []], shown.err);
      for (const part of [unit, settings, "MCP_API_KEY=(secret)", "LOG_LEVEL=info", "systemctl --user enable"]) {
        assertStringIncludes(shown.out, part);
      }
      assert(!shown.out.includes(KEY));

      const written = await run("install", "--write");
      assertEquals([written.code, there()], [0, [unit, settings]], written.err);
      for (const file of [unit, settings]) assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
      const made = await calls();
      assertEquals(made.filter((call) => /daemon-reload|enable/.test(call)), [
        "systemctl --user daemon-reload",
        "systemctl --user enable --quiet --now unimem.service",
      ]);

      // Again, from a terminal that doesn't know the key: nothing changes, nothing restarts.
      const text = await Deno.readTextFile(settings);
      const other = await homeIn(folder, { LOG_LEVEL: "info" });
      const again = await other.run("install", "--write", "--json");
      assertEquals([again.code, JSON.parse(again.out).changed], [0, false], again.err);
      assertEquals((await calls()).filter((call) => /enable|disable/.test(call)).length, 1);
      assertEquals(await Deno.readTextFile(settings), text);
      // Another setting restarts it, and keeps the key.
      assertEquals((await (await homeIn(folder, { LOG_LEVEL: "debug" })).run("install", "--write")).code, 0);
      assertEquals((await calls()).filter((call) => /disable|enable/.test(call)).map((call) => call.split(" ")[2]), [
        "enable",
        "disable",
        "enable",
      ]);
      assertStringIncludes(await Deno.readTextFile(settings), "LOG_LEVEL=debug");

      // What the service manager would start, with nothing but what the unit says.
      const [program, ...args] = wordsIn(await Deno.readTextFile(unit), "ExecStart");
      const env = Object.fromEntries(
        wordsIn(await Deno.readTextFile(unit), "Environment").map((word) => {
          return [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)];
        }),
      );
      const child = new Deno.Command(program!, {
        args,
        env: { ...env, HOME: home },
        clearEnv: true,
        cwd: "/",
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const end = ended(child, "the service");
      try {
        const status = await until(
          async () => JSON.parse((await run("status", "--json")).out),
          ({ service }) => service !== null,
          "the service",
        );
        assertEquals([status.installed, status.active, status.current], [true, true, true]);
        const answer = await fetch(`${status.service.url}/api/memories`);
        await answer.body?.cancel();
        assertEquals(answer.status, 401, "the key counts");
        const words = await run("status");
        assertStringIncludes(words.out, `process ${status.service.pid}`);
      } finally {
        child.kill("SIGTERM");
        await end;
      }
      assertEquals((await run("status")).code, 1);
    }),
});

Deno.test({
  name: "service logs are the manager's, and remove takes away what install wrote, once and again",
  ignore: !isLinux,
  fn: () =>
    inFolder(async (folder) => {
      const { run, calls, there } = await homeIn(folder);
      assertStringIncludes((await run("status")).out, "Not installed");
      assertEquals((await run("install", "--write")).code, 0);
      const logs = await run("logs", "--lines", "7", "--follow");
      assertEquals([logs.code, logs.out.trim()], [0, "what it said"], logs.err);
      assertStringIncludes((await calls()).at(-1)!, "--unit unimem.service --no-pager --lines 7 --follow");
      for (const lines of ["0", "many", "1e3"]) assertEquals((await run("logs", "--lines", lines)).code, 2);
      const removed = await run("remove", "--json");
      assertEquals([removed.code, JSON.parse(removed.out).removed.length, there()], [0, 2, []], removed.err);
      assertStringIncludes((await calls()).join("\n"), "disable --quiet --now unimem.service");
      const again = await run("remove", "--json");
      assertEquals([again.code, JSON.parse(again.out).removed], [0, []], again.err);
    }),
});

Deno.test({
  name: "service install refuses what can't work before it writes anything",
  ignore: !isLinux,
  fn: () =>
    inFolder(async (folder) => {
      const { run, there, home, env } = await homeIn(folder);
      await Deno.writeTextFile(`${home}/away`, "");
      const away = await run("install", "--write");
      assertEquals([away.code, there()], [3, []], away.out);
      assertStringIncludes(away.err, "systemctl --user show-environment");
      await Deno.remove(`${home}/away`);
      const stdio = await unimemIn({ ...env, MCP_TRANSPORT_MODE: "stdio" }, "service", "install", "--write");
      assertEquals([stdio.code, there()], [2, []], stdio.out);
      {
        await using byHand = await start("unified", env);
        const second = await run("install", "--write");
        assertEquals([second.code, there()], [1, []], second.out);
        assertStringIncludes(second.err, `process ${byHand.pid}`);
      }
      await Deno.remove(`${home}/bin/systemctl`);
      const without = await unimemIn({ ...env, PATH: `${home}/bin` }, "service", "install", "--write");
      assertEquals([without.code, there()], [3, []], without.out);
    }),
});

Deno.test({
  name: "systemd finds no fault in the unit",
  ignore: !isLinux || !await isThere("systemd-analyze"),
  fn: () =>
    inFolder(async (folder) => {
      const { run, unit, home } = await homeIn(folder);
      assertEquals((await run("install", "--write")).code, 0);
      const { stderr, code } = await new Deno.Command("systemd-analyze", {
        args: ["verify", "--user", "--man=no", unit],
        env: { HOME: home, XDG_RUNTIME_DIR: folder },
      }).output();
      const said = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes("unimem.service"));
      assertEquals([code, said], [0, []]);
    }),
});

async function isThere(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** A context on a system of another kind, and what its programs were called with. */
function contextOn(os: string, home: string, variables: Record<string, string> = {}) {
  const calls: string[] = [], printed: string[] = [], environment = { HOME: home, PATH: "/usr/bin", ...variables };
  let active = false;
  const place: Place = {
    os,
    home,
    appData: undefined,
    cwd: home,
    launcher: ["/opt/un & <mem>", "task"],
    packaged: false,
  };
  const config = () => parseConfig(environment, { os, cores: 2, forOneUser: true });
  const context = {
    place,
    config,
    load: () => Promise.resolve(),
    reach: () => reachOf(config()),
    environment: () => environment,
    origins: () => settingOrigins([{ origin: "environment", file: null, values: environment }]),
    signal: new AbortController().signal,
    print: (line: string) => void printed.push(line),
    note: () => {},
    run: (words: readonly string[]) => {
      calls.push(words.join(" "));
      if (words[1] === "bootstrap") active = true;
      if (words[1] === "bootout") active = false;
      return Promise.resolve(words[1] === "print" && words[2]!.endsWith("/unimem") && !active ? 113 : 0);
    },
  } as unknown as CliContext;
  return { context, calls, printed };
}

Deno.test({
  name: "on macOS a launchd agent is written that any reader of property lists reads",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (home) => {
      const { context, calls } = contextOn("darwin", home, { MCP_API_KEY: KEY });
      await runCommand(["service", "install", "--write"], context);
      const file = `${home}/Library/LaunchAgents/unimem.plist`, data = `${home}/Library/Application Support/mcp-memory`;
      const log = `${home}/Library/Logs/unimem.log`;
      assertEquals(readPlist(await Deno.readTextFile(file)), {
        Label: "unimem",
        ProgramArguments: ["/opt/un & <mem>", "task", "--env-file", `${data}/service.env`, "unified"],
        EnvironmentVariables: { PATH: "/usr/bin" },
        Umask: 0o077,
        RunAtLoad: true,
        KeepAlive: { SuccessfulExit: false },
        ThrottleInterval: 5,
        StandardOutPath: log,
        StandardErrorPath: log,
      });
      const domain = `gui/${(await Deno.stat(home)).uid}`;
      assertEquals(calls.at(-1), `launchctl bootstrap ${domain} ${file}`);
      // A change ends the old one first.
      const changed = contextOn("darwin", home, { MCP_API_KEY: "another key" });
      await changed.context.run(["launchctl", "bootstrap"]);
      await runCommand(["service", "install", "--write"], changed.context);
      assertEquals(changed.calls.filter((call) => / boot/.test(call)), [
        "launchctl bootstrap",
        `launchctl bootout ${domain}/unimem`,
        `launchctl bootstrap ${domain} ${file}`,
      ]);
      await runCommand(["service", "remove"], context);
      assertEquals(await Deno.stat(file).catch(() => null), null);
    }),
});

Deno.test("on Windows the refusal names what its task scheduler would have to start", async () => {
  const { context } = contextOn("windows", "/home/a");
  for (const words of [["install"], ["install", "--write"], ["status"], ["logs"], ["remove"]]) {
    const error = await assertRejects(() => runCommand(["service", ...words], context), MemoryError);
    assertEquals(error.code, "unsupported");
    assertStringIncludes(error.message, '"/opt/un & <mem>" task unified');
  }
  assertEquals(
    managerOf({ ...context.place, os: "linux" }, { XDG_CONFIG_HOME: "/x" }).file,
    "/x/systemd/user/unimem.service",
  );
});
