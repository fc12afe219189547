/**
 * Runs the program that its arguments name, with the terminal, and ends as that does. In a process of its own, which has
 * the right to run that program and no other right.
 *
 * @module
 */

/** What shells end with where there is no such program. */
const NOT_FOUND = 127;

const [program, ...args] = Deno.args;
try {
  const { code } = await new Deno.Command(program!, { args, stdin: "inherit", stdout: "inherit", stderr: "inherit" })
    .spawn().status;
  Deno.exit(code);
} catch (error) {
  console.error(`Cannot run ${program}: ${error instanceof Error ? error.message : error}`);
  Deno.exit(NOT_FOUND);
}
