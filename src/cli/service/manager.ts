/**
 * The service managers that run Unimem for one user: systemd on Linux and launchd on macOS.
 *
 * @module
 */

import { join } from "node:path";
import { MemoryError } from "../../errors.ts";
import type { Place } from "../context.ts";

/** What is to run. */
export interface Program {
  /** The executable, by its full path, and its arguments. */
  words: readonly string[];
  /** Variables that it needs to start; PATH is one of them. */
  environment: Readonly<Record<string, string>>;
}

/** A program with its arguments, run by `context.run`. */
export type Words = readonly string[];

/** A service manager as its programs are called. */
export interface Manager {
  name: string;
  /** Path of the file that describes the service. */
  file: string;
  /** The text of that file. */
  text: (program: Program) => string;
  /** Succeeds where the user's manager answers. */
  reachable: Words;
  /** Succeeds while the service runs. */
  active: Words;
  start: readonly Words[];
  stop: readonly Words[];
  /** After the file was removed. */
  removed: readonly Words[];
  logs: (lines: number, follow: boolean) => Words;
  /** What a user should know of when it runs. */
  note: string;
}

/** The service's name. */
const NAME = "unimem";
/** Seconds before it starts again after a fault. */
const RESTART_SECONDS = 5;
/** How Unimem ends where settings are wrong, which starting again doesn't mend, and at SIGTERM under a task. */
const WRONG_SETTINGS = 2, TERMINATED = 143;

/**
 * The manager of this machine.
 *
 * @param environment Variables, for `XDG_CONFIG_HOME`.
 * @throws {MemoryError} `unsupported` on systems without one of the two.
 */
export function managerOf(place: Place, environment: Readonly<Record<string, string | undefined>>): Manager {
  if (place.os === "linux") return systemd(place, environment.XDG_CONFIG_HOME);
  if (place.os === "darwin") return launchd(place);
  throw new MemoryError(
    "unsupported",
    `Cannot manage a service on ${place.os}: let its own task scheduler start this when you log in: ` +
      [...place.launcher, "unified"].map((word) => /\s/.test(word) ? `"${word}"` : word).join(" "),
  );
}

function systemd({ home }: Place, configHome: string | undefined): Manager {
  const folder = configHome?.startsWith("/") ? configHome : join(home, ".config"), unit = `${NAME}.service`;
  const systemctl = (...words: string[]) => ["systemctl", "--user", ...words];
  return {
    name: "systemd",
    file: join(folder, "systemd", "user", unit),
    text: systemdUnit,
    reachable: systemctl("show-environment"),
    active: systemctl("is-active", "--quiet", unit),
    start: [systemctl("daemon-reload"), systemctl("enable", "--quiet", "--now", unit)],
    stop: [systemctl("disable", "--quiet", "--now", unit)],
    removed: [systemctl("daemon-reload")],
    logs: (lines, follow) => [
      ...["journalctl", "--user", "--unit", unit, "--no-pager", "--lines", String(lines)],
      ...follow ? ["--follow"] : [],
    ],
    note: "It starts when you log in and ends when you log out; loginctl enable-linger keeps it running without you",
  };
}

function systemdUnit({ words, environment }: Program): string {
  return `# Made by unimem service install
[Unit]
Description=Unimem, shared memory for AI agents

[Service]
ExecStart=${words.map((word) => systemdWord(word).replaceAll("$", "$$$$")).join(" ")}
Environment=${Object.entries(environment).map(([name, value]) => systemdWord(`${name}=${value}`)).join(" ")}
UMask=0077
Restart=on-failure
RestartSec=${RESTART_SECONDS}
RestartPreventExitStatus=${WRONG_SETTINGS}
SuccessExitStatus=${TERMINATED}

[Install]
WantedBy=default.target
`;
}

/** By the rules of systemd.syntax(7). A percent sign stands for a specifier there. */
function systemdWord(word: string): string {
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("%", "%%")}"`;
}

function launchd({ home }: Place): Manager {
  const file = join(home, "Library", "LaunchAgents", `${NAME}.plist`),
    log = join(home, "Library", "Logs", `${NAME}.log`);
  // The domain of a user who is logged in is named by the user's number, which the owner of the home folder is.
  const domain = `gui/${Deno.statSync(home).uid}`;
  return {
    name: "launchd",
    file,
    text: (program) => launchdAgent(program, log),
    reachable: ["launchctl", "print", domain],
    active: ["launchctl", "print", `${domain}/${NAME}`],
    start: [["launchctl", "bootstrap", domain, file]],
    stop: [["launchctl", "bootout", `${domain}/${NAME}`]],
    removed: [],
    logs: (lines, follow) => ["tail", "-n", String(lines), ...follow ? ["-F"] : [], log],
    note: `It starts when you log in; what it says is in ${log}`,
  };
}

function launchdAgent({ words, environment }: Program, log: string): string {
  const string = (text: string) => `<string>${xml(text)}</string>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  ${string(NAME)}
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    ${string(word)}`).join("\n")}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${Object.entries(environment).map(([name, value]) => `    <key>${name}</key>\n    ${string(value)}`).join("\n")}
  </dict>
  <key>Umask</key>
  <integer>${0o077}</integer>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>${RESTART_SECONDS}</integer>
  <key>StandardOutPath</key>
  ${string(log)}
  <key>StandardErrorPath</key>
  ${string(log)}
</dict>
</plist>
`;
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
