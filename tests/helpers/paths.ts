/** Paths from file URLs, through Node's modules, since Deno's own path library needs another registry. */
export { fileURLToPath as fromFileUrl } from "node:url";
export { relative, sep as SEPARATOR } from "node:path";
