/** The completion scripts, in the shells they are for. */

import { assert, assertEquals } from "@std/assert";
import { inFolder, unimem } from "./command.ts";

/** What a shell says, run on a script file. */
async function run(shell: string, args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(shell, { args, stdout: "piped", stderr: "piped" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

function isInstalled(shell: string): boolean {
  try {
    return new Deno.Command(shell, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Lines typed so far, and what Tab offers; words that are missing may follow. */
const OFFERS: [string[], string[]][] = [
  [["unimem", "re"], ["restore", "reembed", "relations", "review"]],
  [["unimem", "backup", "ver"], ["verify"]],
  [["unimem", "backup", "verify", "--f"], ["--folder"]],
  [["unimem", "import", "--from", "python-"], ["python-sqlite", "python-json", "python-qdrant"]],
  [["unimem", "search", "words", "--mode", ""], ["hybrid", "semantic", "exact"]],
  [["unimem", "connect", "claude"], ["claude-code", "claude-desktop"]],
  [["unimem", "completion", "ba"], ["bash"]],
  [["unimem", "outbox", "re"], ["retry"]],
];

Deno.test({
  name: "bash completes commands, options and choices, and leaves files to itself",
  ignore: !isInstalled("bash"),
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/c.bash`, (await unimem(folder, "completion", "bash")).out);
      const ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _unimem; printf "%s\\n" "${COMPREPLY[@]}"';
      for (const [line, offered] of OFFERS) {
        const { code, out, err } = await run("bash", ["--norc", "-c", ask, `${folder}/c.bash`, ...line]);
        assertEquals([code, err], [0, ""], line.join(" "));
        assertEquals(out.trim().split("\n").sort(), offered.toSorted(), line.join(" "));
      }
      const { out } = await run("bash", ["--norc", "-c", ask, `${folder}/c.bash`, "unimem", "restore", "--folder", ""]);
      assertEquals(out.trim(), "");
    }),
});

Deno.test({
  name: "fish completes commands, options and choices",
  ignore: !isInstalled("fish"),
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/c.fish`, (await unimem(folder, "completion", "fish")).out);
      for (const [line, offered] of OFFERS) {
        const ask = `source ${folder}/c.fish; complete -C '${line.join(" ")}'`;
        const { out, err } = await run("fish", ["--no-config", "-c", ask]);
        assertEquals(err, "", line.join(" "));
        assertEquals(
          out.trim().split("\n").map((row) => row.split("\t")[0]!).sort(),
          offered.toSorted(),
          line.join(" "),
        );
      }
    }),
});

Deno.test({
  name: "zsh takes its script",
  ignore: !isInstalled("zsh"),
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/_unimem`, (await unimem(folder, "completion", "zsh")).out);
      const { code, err } = await run("zsh", [
        "-f",
        "-c",
        `autoload -Uz compinit && compinit -D; source ${folder}/_unimem`,
      ]);
      assertEquals([code, err], [0, ""]);
    }),
});

Deno.test("every shell's script names every command", () =>
  inFolder(async (folder) => {
    const commands = ["backup", "restore", "search", "doctor", "connect", "outbox"];
    for (const shell of ["bash", "zsh", "fish"]) {
      const { out } = await unimem(folder, "completion", shell);
      for (const name of commands) assert(out.includes(name), `${shell} ${name}`);
    }
  }));
