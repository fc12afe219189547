/**
 * The manifests of the npm packages, as values: what is published is made from `deno.json` alone.
 *
 * @module
 */

import type { Target } from "./targets.ts";

/** Facts of `deno.json` that the manifests are made from. */
export interface Project {
  version: string;
  license: string;
  /** The project's address, an https URL; empty where it has none yet, which keeps the packages from being published. */
  repository: string;
}

/** Version of Deno that the package brings along: the one the project is tested with. */
export const DENO_VERSION = "2.9.6";
/** The project in one sentence, of at most 100 characters. */
export const DESCRIPTION = "Shared memory for AI agents over REST and MCP";

/** A machine as Node names it, such as `linux-x64`, and the packages that hold what it needs. */
export interface Machine {
  /** Name of our package with ONNX Runtime's library. */
  libraries: string;
  /** Name of Deno's own package. */
  deno: string;
}

/** Node's name of a target: its system and processor. */
export function nodeName({ folder }: Target): string {
  return folder.replace("/", "-");
}

/** Machines by Node's name of them. */
export function machinesOf(targets: readonly Target[]): Record<string, Machine> {
  return Object.fromEntries(targets.map((target) => {
    const name = nodeName(target);
    return [name, { libraries: `unimem-${name}`, deno: `@deno/${name}${name.startsWith("linux") ? "-glibc" : ""}` }];
  }));
}

/** The name in the MCP registry, which GitHub vouches for: `io.github.OWNER/NAME`; null for a repository elsewhere. */
export function registryName(repository: string): string | null {
  const [, owner, name] = /^https:\/\/github\.com\/([\w-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/.exec(repository) ??
    [];
  return owner === undefined ? null : `io.github.${owner}/${name}`;
}

/** `package.json` of the package that people install. */
export function mainManifest(project: Project, machines: Record<string, Machine>): Record<string, unknown> {
  const mcpName = registryName(project.repository);
  return {
    ...common("unimem", DESCRIPTION, project),
    keywords: ["mcp", "memory", "ai", "agents", "modelcontextprotocol", "embeddings", "search"],
    type: "module",
    // The MCP registry asks the package whose it is.
    ...mcpName === null ? {} : { mcpName },
    bin: { unimem: "bin/unimem.mjs" },
    files: ["bin/", "program/", "program.json"],
    engines: { node: ">=20" },
    optionalDependencies: Object.fromEntries(
      Object.values(machines).map(({ libraries }) => [libraries, project.version]),
    ),
  };
}

/** `package.json` of the package that holds one machine's libraries, which npm installs on that machine alone. */
export function libraryManifest(project: Project, target: Target): Record<string, unknown> {
  const [os, cpu] = target.folder.split("/"), name = nodeName(target);
  const { deno } = machinesOf([target])[name]!;
  return {
    ...common(`unimem-${name}`, `Deno and ONNX Runtime for Unimem on ${name}`, project),
    license: "MIT",
    files: ["program/"],
    // Not the package deno: npm warns of its install script, which only picks one of these.
    dependencies: { [deno]: DENO_VERSION },
    os: [os],
    cpu: [cpu],
    ...(os === "linux" ? { libc: ["glibc"] } : {}),
  };
}

function common(name: string, description: string, { version, license, repository }: Project) {
  return {
    name,
    version,
    description,
    license,
    // npm refuses to publish a private package.
    ...(repository === "" ? { private: true } : {
      repository: { type: "git", url: `git+${repository}` },
      publishConfig: { access: "public", provenance: true },
    }),
  };
}
