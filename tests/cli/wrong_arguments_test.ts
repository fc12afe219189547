/** Wrong values for every option and argument of every command. */

import { contextIn } from "./context.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Argument, Command, Option } from "commander";
import { createProgram, runCommand } from "../../src/cli/program.ts";
import { errorText, MemoryError } from "../../src/errors.ts";
import { inFolder } from "./command.ts";

/** What no person needs to know: words of zod, of Deno, and of JavaScript. */
const RAW =
  /Invalid (input|option|string|enum)|received |Too (small|big)|ZodError|Unrecognized key|to be [<>]=?|--allow-|undefined|\[object|NaN|is not a function/i;

const WRONG = ["no such", "-7", "9".repeat(30), " ", "~nobody/x", "/proc/self/environ"];

/** Commands that never end, or start something else. Their options are those of main.ts, or tested where they run. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  unified: "serves",
  http: "serves",
  mcp: "serves",
  stdio: "serves",
  demo: "serves",
};

/** A value that an argument takes. */
function goodValue(argument: Argument): string {
  if (argument.argChoices) return argument.argChoices[0]!;
  if (/id|target/.test(argument.name())) return "3fc9b68945";
  if (argument.name() === "client") return "cursor";
  if (argument.name() === "url") return "http://127.0.0.1:9";
  return "something";
}

interface Call {
  words: string[];
  command: string;
}

/** A call for each wrong value of each option and argument. */
function callsOf(command: Command, at: string[] = []): Call[] {
  const calls: Call[] = [], name = at.join(" "), good = command.registeredArguments.map(goodValue);
  if (Object.hasOwn(LEFT_OUT, at[0] ?? "")) return [];
  if (command.commands.length === 0 || name === "audit" || name === "backup") {
    const needed = command.options.filter(({ mandatory }) => mandatory);
    const neededWords = (but?: Option) =>
      needed.filter((option) => option !== but).flatMap((option) => [option.long!, valueFor(option)]);
    for (const wrong of WRONG) {
      for (const option of command.options.filter(({ required, optional }) => required || optional)) {
        calls.push({ words: [...at, ...good, ...neededWords(option), `${option.long}=${wrong}`], command: name });
      }
      good.forEach((_, i) => {
        calls.push({ words: [...at, ...neededWords(), "--", ...good.toSpliced(i, 1, wrong)], command: name });
      });
    }
  }
  return [...calls, ...command.commands.flatMap((sub) => callsOf(sub, [...at, sub.name()]))];
}

function valueFor(option: Option): string {
  return option.argChoices?.[0] ?? "something";
}

Deno.test("no wrong value of any option or argument is answered with a library's words or advice", () =>
  inFolder(async (folder) => {
    const { context, said } = contextIn(folder);
    await runCommand(["store", "Something"], context);
    const calls = callsOf(createProgram(context));
    assert(calls.length > 500, `${calls.length} calls`);
    const faults: string[] = [];
    for (const { words } of calls) {
      said.length = 0;
      let message = "";
      try {
        await runCommand(words, context);
      } catch (error) {
        message = errorText(error);
        const isExpected = error instanceof MemoryError
          ? error.code !== "internal"
          : (error as Error).name === "Failed";
        if (!isExpected) faults.push(`${words.join(" ")}: unexpected ${error}`);
      }
      // What is listed of settings and files may hold any word.
      const text = words[0] === "config" || words[0] === "hook" ? message : [message, ...said].join("\n");
      if (RAW.test(text)) faults.push(`${words.join(" ")}: ${text}`);
    }
    assertEquals(faults, []);
  }));

Deno.test("a limit is named in plain words, with a service and without", () =>
  inFolder(async (folder) => {
    const { context } = contextIn(folder);
    await runCommand(["store", "Something"], context);
    for (
      const [words, said] of [
        [["list", "--limit", "1000"], "Cannot use --limit: "],
        [["audit", "--limit", "0"], "Cannot use --limit: it takes at least 1"],
        [["keys", "create", "a", "--rights", "read", "--requests", "0"], "Cannot use --requests: "],
        [["spaces", "merge", "default", "--into", "x"], "--count 1"],
        [["export", "/proc/self/environ", "--yes"], "Cannot write"],
        [["keys", "create", "laptop"], "unimem keys create --help tells what there is"],
        [["keys", "make"], "unimem keys --help tells what there is"],
      ] as const
    ) {
      let message = "";
      await runCommand([...words], context).catch((error) => message = errorText(error));
      assertStringIncludes(message, said);
    }
  }));
