/**
 * Prints the path of the Deno that runs it, for tasks that allow to run exactly that.
 *
 * @module
 */

console.log(Deno.execPath());
