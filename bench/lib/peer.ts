/**
 * The Python service that Unimem is measured against, by way of `peer.sh`.
 *
 * @module
 */

import { freePorts, launch, type Running } from "./process.ts";
import { Rest } from "./rest.ts";

const SCRIPT = new URL("../peer.sh", import.meta.url).pathname;
const START_LIMIT_MS = 60_000;

/** A started peer; it serves REST alone. */
export interface Peer extends Running {
  readonly rest: Rest;
}

/** Which weights the peer runs; null when it isn't installed. */
export async function findPeer(): Promise<string | null> {
  if (!(await run(["check"])).success) return null;
  const { success, stdout, stderr } = await run(["model"]);
  if (!success) throw new Error(`Cannot prepare the peer: ${stderr}`);
  return stdout.trim();
}

/** Starts the peer and waits until its REST port answers. */
export async function startPeer(folder: string): Promise<Peer> {
  const [port] = freePorts(1);
  const rest = new Rest(`http://127.0.0.1:${port}`);
  const running = await launch({
    name: "The peer",
    command: SCRIPT,
    args: ["run", String(port), folder],
    env: peerEnvironment(),
    cwd: folder,
    answers: [() => rest.isUp()],
    limitMs: START_LIMIT_MS,
  });
  return { ...running, rest };
}

/** Runs a script with the peer's Python and gives its standard output. */
export async function peerPython(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await run(["python", ...args]);
  if (!success) throw new Error(`The peer's Python failed: ${stderr}`);
  return stdout;
}

async function run(args: string[]): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(SCRIPT, { args, stdin: "null" }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: decode(stdout), stderr: decode(stderr) };
}

function peerEnvironment(): Record<string, string> {
  const names = ["PEER_HOME", "PEER_VENV", "PEER_MODEL", "XDG_CACHE_HOME"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
