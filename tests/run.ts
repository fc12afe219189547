/**
 * Runs the tests: `deno task test [FILE…]`, all of them unless some are named; words that begin with a dash go to
 * `deno test`. Files run in parallel but for those that share something with all others of their process. The last line
 * counts what ran in both groups.
 *
 * @module
 */

/**
 * Files that run one after the other, once the others are done, and what they share. Those that measure processor time
 * by `tests/hostile/growth.ts` belong to them too.
 */
const ALONE: Readonly<Record<string, string>> = {
  "tests/bench/loop_delay_test.ts": "delays of the event loop",
  "tests/bench/process_test.ts": "signals of the process",
  "tests/documents/parser_test.ts": "the environment, and the processes below this one",
  "tests/embedding/local_test.ts": "the cores, and delays of the event loop",
  "tests/hostile/import_test.ts": "processor time",
  "tests/mcp/transports_test.ts": "memory",
  "tests/private_files_test.ts": "the umask",
};
const MEASURES = /from "[./]*(?:hostile\/)?growth\.ts"/;
/** Files at once. More than cores, since many wait for processes of their own. */
const JOBS = String(navigator.hardwareConcurrency + 1);

const PERMISSIONS = [
  "--allow-net=127.0.0.1,localhost",
  "--allow-env",
  "--allow-sys",
  "--allow-read",
  "--allow-write",
  "--allow-ffi",
  "--allow-run",
];
const ROOT = new URL("../", import.meta.url);

/** What the runner's last line counts. */
interface Counts {
  passed: number;
  steps: number;
  failed: number;
  ignored: number;
}

/** All files of tests below a folder, as paths from the project's. */
async function testsIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) found.push(...await testsIn(`${folder}${name}/`));
    else if (name.endsWith("_test.ts")) found.push(folder + name);
  }
  return found.sort();
}

/** Runs `deno test`; its output goes on as it comes. */
async function run(args: string[], env: Record<string, string> = {}): Promise<{ code: number; counts: Counts | null }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", ...PERMISSIONS, ...args],
    cwd: ROOT,
    env: Deno.stdout.isTerminal() ? { ...env, FORCE_COLOR: "1" } : env,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let end = "";
  for await (const bytes of child.stdout) {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
    end = (end + decoder.decode(bytes, { stream: true })).slice(-4000);
  }
  return { code: (await child.status).code, counts: countsIn(end) };
}

/** The counts of the last line that has some; null where the run ended before. */
export function countsIn(output: string): Counts | null {
  // deno-lint-ignore no-control-regex -- colours
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, "");
  const line = plain.split("\n").findLast((line) => /\d+ passed.*\| \d+ failed/.test(line));
  if (line === undefined) return null;
  const number = (pattern: RegExp) => Number(pattern.exec(line)?.[1] ?? 0);
  return {
    passed: number(/(\d+) passed/),
    steps: number(/passed \((\d+) steps?\)/),
    failed: number(/(\d+) failed/),
    ignored: number(/(\d+) ignored/),
  };
}

/** One line for several runs, as \`deno test\` writes it; a run that ended before it counted is one failure. */
export function lineOf(runs: readonly (Counts | null)[]): string {
  const sum = (of: keyof Counts) => runs.reduce((total, run) => total + (run ?? ENDED)[of], 0);
  return `${sum("passed")} passed (${sum("steps")} steps) | ${sum("failed")} failed | ${sum("ignored")} ignored`;
}

const ENDED: Counts = { passed: 0, steps: 0, failed: 1, ignored: 0 };

async function main(args: string[]): Promise<number> {
  const options = args.filter((arg) => arg.startsWith("-")), named = args.filter((arg) => !arg.startsWith("-"));
  if (named.length > 0) return (await run([...options, ...named])).code;
  const all = await testsIn("tests/"), missing = Object.keys(ALONE).filter((file) => !all.includes(file));
  if (missing.length > 0) throw new Error(`There is no ${missing.join(", ")} any more: take it off the list`);
  const begun = performance.now(), alone = new Set(Object.keys(ALONE));
  for (const file of all) if (MEASURES.test(await Deno.readTextFile(new URL(file, ROOT)))) alone.add(file);
  const others = all.filter((file) => !alone.has(file));
  const together = await run(["--parallel", ...options, ...others], { DENO_JOBS: JOBS });
  // With the examples of `src`.
  const apart = await run(["--doc", ...options, "src", ...alone]);
  const failed = together.code !== 0 || apart.code !== 0;
  const seconds = Math.round((performance.now() - begun) / 1000);
  const time = `(${Math.floor(seconds / 60)}m${seconds % 60}s)`;
  console.log(`${failed ? "FAILED" : "ok"} | ${lineOf([together.counts, apart.counts])} ${time}`);
  return failed ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
