/** What the tasks may do. Every test that starts the service does so with a task's own flags. */

import { assert, assertEquals } from "@std/assert";
import { taskWords } from "../build/task.ts";
import { inFolder } from "./cli/command.ts";
import { fromFileUrl } from "./helpers/paths.ts";
import { start, taskFlags, testEnvironment, until } from "./helpers/process.ts";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));

Deno.test("what runs with a task's rights changes nothing of the program, fetches no code, and asks nobody", () =>
  inFolder(async (folder) => {
    const script = `${folder}/try.ts`,
      tries = [
        ...["src/main.ts", "src/new.ts", "build/warm.ts", "models/x", "deno.json", "deno.lock", "import_map.json"].map((
          path,
        ) => `Deno.writeTextFileSync(${JSON.stringify(path)}, "", { append: true })`),
        `await import("https://deno.land/code" + ".ts")`,
        `Deno.loadavg()`,
        `Deno.networkInterfaces()`,
        `new Deno.Command("sh").outputSync()`,
      ];
    await Deno.writeTextFile(
      script,
      tries.map((text) => `try { ${text}; console.log("done"); } catch { console.log("refused"); }`).join("\n"),
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...await taskFlags(), script],
      cwd: PROJECT,
      stdin: "null",
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), tries.map(() => "refused"));
  }));

Deno.test("the service needs no right that its task doesn't give: no part is hindered, and documents are read", () =>
  inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder));
    const form = new FormData();
    form.append("file", new File(["# Otters\n\nThey sleep on their backs."], "otters.md"));
    const upload = await (await fetch(`${service.http}/api/documents/upload`, { method: "POST", body: form })).json();
    const done = await until(
      () => fetch(`${service.http}/api/documents/status/${upload.upload_id}`).then((answer) => answer.json()),
      ({ status }) => status === "completed" || status === "failed",
      "the upload",
    );
    assertEquals(done.status, "completed", JSON.stringify(done));
    const health = await until(
      () => fetch(`${service.http}/api/health/detailed`).then((answer) => answer.json()),
      (answer) => JSON.stringify(answer).includes('"ready"'),
      "the model",
    );
    assertEquals(health.status, "healthy", JSON.stringify(health));
    assertEquals(/NotCapable|Requires .* access/.test(service.log() + JSON.stringify(health)), false, service.log());
  }));

Deno.test("every server, command and image runs with the engine flags of one task", async () => {
  const engineFlags = (words: readonly string[]) => words.filter((word) => word.startsWith("--v8-flags"));
  const flags = engineFlags(await taskWords("unified"));
  assertEquals(flags.length, 1);
  const { tasks } = JSON.parse(await Deno.readTextFile(`${PROJECT}deno.json`)) as {
    tasks: Record<string, { command: string }>;
  };
  const started = Object.entries(tasks).filter(([, { command }]) => /\bsrc\/main\.ts\b/.test(command));
  assert(started.length >= 5, "tasks that run the program");
  for (const [name] of started) assertEquals(engineFlags(await taskWords(name)), flags, name);
  const image = await Deno.readTextFile(`${PROJECT}Dockerfile`);
  const inImage = image.match(/--v8-flags=[^\s",]+/g) ?? [];
  assertEquals([inImage.length >= 2, new Set(inImage)], [true, new Set(flags)]);
});
