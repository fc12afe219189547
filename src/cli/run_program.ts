/**
 * Runs the program that its arguments name, with the terminal, and ends as that does. In a process of its own, which has
 * the right to run that program and no other right.
 *
 * @module
 */

const [program, ...args] = Deno.args;
const { code } = await new Deno.Command(program!, { args, stdin: "inherit", stdout: "inherit", stderr: "inherit" })
  .spawn().status;
Deno.exit(code);
