/**
 * What other places say of the project, made from `deno.json` alone: the plugin for Claude Code, the entry in the MCP
 * registry, the bundle for Claude Desktop, the formula for Homebrew.
 *
 * @module
 */

import { DESCRIPTION, machinesOf, nodeName, type Project, registryName } from "./package_manifest.ts";
import type { Target } from "./targets.ts";

/** Newest schema of the registry's entries: `internal/validators/schemas/` of github.com/modelcontextprotocol/registry. */
export const SERVER_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";
/** Version of the manifest of bundles that Claude Desktop reads: MANIFEST.md of github.com/modelcontextprotocol/mcpb. */
export const BUNDLE_VERSION = "0.3";
/** Who is named where a person or a group has to be. */
const AUTHOR = { name: "Unimem" };
/** The command inside a bundle. */
export const BUNDLE_ENTRY = "node_modules/unimem/bin/unimem.mjs";

/** `plugin.json` of the plugin for Claude Code. */
export function pluginManifest({ version, license, repository }: Project): Record<string, unknown> {
  return {
    name: "unimem",
    version,
    description: "Shared memory: keeps sessions, recalls what fits a prompt, and lets the agent remember and recall",
    author: AUTHOR,
    ...repository === "" ? {} : { homepage: repository, repository },
    license,
    keywords: ["memory", "mcp", "recall", "hooks"],
  };
}

/**
 * `server.json`: the entry in the MCP registry.
 *
 * @throws {Error} for a repository that isn't on GitHub: another name would need a domain to vouch for it.
 */
export function serverManifest({ version, repository }: Project): Record<string, unknown> {
  const name = registryName(repository);
  if (name === null) {
    throw new Error(`Cannot make server.json: repository "${repository}" in deno.json is none on GitHub`);
  }
  return {
    $schema: SERVER_SCHEMA,
    name,
    title: "Unimem",
    description: DESCRIPTION,
    repository: { url: repository, source: "github" },
    version,
    packages: [{
      registryType: "npm",
      registryBaseUrl: "https://registry.npmjs.org",
      identifier: "unimem",
      version,
      runtimeHint: "npx",
      transport: { type: "stdio" },
      packageArguments: [{ type: "positional", value: "stdio" }],
      environmentVariables: [
        {
          name: "MCP_MEMORY_BASE_DIR",
          description: "Folder where memories are kept; the user's data folder without it",
          format: "filepath",
        },
        { name: "MCP_SPACE", description: "Space of memories to work in", format: "string" },
      ],
    }],
  };
}

/** `manifest.json` of a bundle for one kind of machine. */
export function bundleManifest({ version, license, repository }: Project, target: Target): Record<string, unknown> {
  return {
    manifest_version: BUNDLE_VERSION,
    name: "unimem",
    display_name: "Unimem",
    version,
    description: DESCRIPTION,
    author: AUTHOR,
    ...repository === "" ? {} : { repository: { type: "git", url: repository }, homepage: repository },
    license,
    keywords: ["memory", "recall", "search"],
    server: {
      type: "node",
      entry_point: BUNDLE_ENTRY,
      mcp_config: { command: "node", args: [`\${__dirname}/${BUNDLE_ENTRY}`, "stdio"], env: {} },
    },
    tools_generated: true,
    prompts_generated: true,
    compatibility: { platforms: [target.folder.split("/")[0]], runtimes: { node: ">=20" } },
  };
}

/** Folders of a bundle's packages, by their names. */
export function bundlePackages(target: Target): string[] {
  const { libraries, deno } = machinesOf([target])[nodeName(target)]!;
  return ["unimem", libraries, deno];
}

/**
 * The formula for a tap of Homebrew, which installs the npm package.
 *
 * @param sha256 Of the tarball of the package `unimem`, in hexadecimal digits.
 */
export function formula({ version, license, repository }: Project, sha256: string): string {
  return `class Unimem < Formula
  desc "${DESCRIPTION}"
  homepage "${repository}"
  url "https://registry.npmjs.org/unimem/-/unimem-${version}.tgz"
  sha256 "${sha256}"
  license "${license}"

  depends_on "node"

  def install
    system "npm", "install", *std_npm_args
    bin.install_symlink libexec.glob("bin/*")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/unimem version")
  end
end
`;
}
