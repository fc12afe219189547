/**
 * The machines an executable can be made for.
 *
 * @module
 */

/** A machine, and the libraries it needs of ONNX Runtime's package, which holds those of all machines. */
export interface Target {
  /** As `deno compile --target` names it. */
  triple: string;
  /** Folder of the libraries, as the package names systems and processors. */
  folder: string;
  libraries: string[];
}

/**
 * Targets by the name of their executable. DirectML and the shader compilers of Windows are for graphics cards, which
 * aren't used. Intel Macs are missing because ONNX Runtime no longer has a library for them.
 */
export const TARGETS: Record<string, Target> = {
  "unimem-linux-x64": {
    triple: "x86_64-unknown-linux-gnu",
    folder: "linux/x64",
    libraries: ["onnxruntime_binding.node", "libonnxruntime.so.1"],
  },
  "unimem-linux-arm64": {
    triple: "aarch64-unknown-linux-gnu",
    folder: "linux/arm64",
    libraries: ["onnxruntime_binding.node", "libonnxruntime.so.1"],
  },
  "unimem-macos-arm64": {
    triple: "aarch64-apple-darwin",
    folder: "darwin/arm64",
    libraries: ["onnxruntime_binding.node", "libonnxruntime.1.dylib"],
  },
  "unimem-windows-x64": {
    triple: "x86_64-pc-windows-msvc",
    folder: "win32/x64",
    libraries: ["onnxruntime_binding.node", "onnxruntime.dll"],
  },
};

/** Name of the target that this machine is, undefined where it is none of them. */
export function thisMachine(): string | undefined {
  return Object.keys(TARGETS).find((name) => TARGETS[name]!.triple === Deno.build.target);
}

/**
 * The targets that a command's arguments name: this machine's without one, those of all machines by `all`.
 *
 * @throws {Error} for a name that none has, and without one on a machine that is none of them.
 */
export function targetsNamed(args: readonly string[]): string[] {
  const own = thisMachine();
  const names = args.includes("all")
    ? Object.keys(TARGETS)
    : args.length > 0
    ? [...args]
    : own === undefined
    ? []
    : [own];
  const wrong = names.find((name) => TARGETS[name] === undefined);
  if (wrong === undefined && names.length > 0) return names;
  throw new Error(
    `Cannot make ${wrong ?? "one for this machine"}: name one of ${Object.keys(TARGETS).join(", ")}, all`,
  );
}
