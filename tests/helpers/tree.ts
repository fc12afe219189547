/**
 * The processes below one, as Linux tells of them. Deno itself may only look at other processes with every right there is,
 * so that `cat` does.
 *
 * @module
 */

/** A running process. */
export interface Process {
  pid: number;
  parent: number;
  /** Resident memory in bytes. */
  resident: number;
}

/** Whether processes can be looked at here. */
export const canLookAtProcesses = Deno.build.os === "linux";

const PAGE_BYTES = 4096;

/** Every running process that isn't a zombie. */
async function processes(): Promise<Process[]> {
  const lines = (await shell("cat /proc/[0-9]*/stat 2>/dev/null")).trim().split("\n");
  return lines.flatMap((line) => {
    // `pid (name) state ppid …`: a name may hold blanks and brackets.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    const pid = Number.parseInt(line), parent = Number(fields[1]), resident = Number(fields[21]) * PAGE_BYTES;
    return fields[0] === "Z" || fields[0] === "X" ? [] : [{ pid, parent, resident }];
  });
}

/** The running processes below one. */
export async function descendants(pid: number): Promise<Process[]> {
  const all = await processes(), found: Process[] = [];
  for (const waiting = [pid]; waiting.length > 0;) {
    const parent = waiting.pop()!, children = all.filter((process) => process.parent === parent);
    found.push(...children);
    waiting.push(...children.map((child) => child.pid));
  }
  return found;
}

/** The processes below one that parse documents. */
export async function parsersOf(pid: number): Promise<Process[]> {
  const below = await descendants(pid);
  const lines = await Promise.all(below.map((child) => commandLine(child.pid)));
  return below.filter((_, i) => lines[i]!.some((word) => word.endsWith("/process/child.ts")));
}

/** Whether a process runs. */
export async function runs(pid: number): Promise<boolean> {
  return (await processes()).some((process) => process.pid === pid);
}

/** The words a process was started with; none once it is gone. */
export async function commandLine(pid: number): Promise<string[]> {
  return (await shell(`cat /proc/${pid}/cmdline 2>/dev/null`)).split("\0").slice(0, -1);
}

/** Names of a process's environment variables. */
export async function environmentNames(pid: number): Promise<string[]> {
  const lines = (await shell(`cat /proc/${pid}/environ`)).split("\0").slice(0, -1);
  return lines.map((line) => line.slice(0, line.indexOf("=")));
}

/** Path of the file a process runs. */
export async function binaryOf(pid: number): Promise<string> {
  return (await shell(`readlink /proc/${pid}/exe`)).trim();
}

async function shell(command: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command], stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout);
}
