/**
 * The lock file and the import map of an executable: the project's own, without the packages that are left out.
 *
 * @module
 */

/** A lock file of version 5, as far as it is looked at. */
export interface Lock {
  version: string;
  /** Versions by what was asked for, such as `npm:zod@4.6.7`. */
  specifiers: Record<string, string>;
  npm: Record<string, LockedPackage>;
}

interface LockedPackage {
  dependencies?: string[];
  optionalDependencies?: string[];
  optionalPeers?: string[];
  /** Whether it has install scripts. */
  scripts?: boolean;
}

/** An import map. */
export interface ImportMap {
  imports: Record<string, string>;
}

/** `lock` with the packages under `keys` alone. */
export function pruneLock(lock: Lock, keys: ReadonlySet<string>): Lock {
  const names = new Set([...keys].flatMap((key) => [nameOf(key), key]));
  const keep = (entries: string[] | undefined) =>
    entries?.filter((entry) =>
      names.has(entry) || keys.has(entry) || [...keys].some((key) => key.startsWith(`${entry}_`))
    );
  const npm = Object.entries(lock.npm).filter(([key]) => keys.has(key)).map(([key, { scripts: _, ...entry }]) => [key, {
    // Without install scripts, which aren't run: Deno would leave a mark beside the package that it has warned of them.
    ...entry,
    ...(entry.dependencies && { dependencies: keep(entry.dependencies) }),
    ...(entry.optionalDependencies && { optionalDependencies: keep(entry.optionalDependencies) }),
    ...(entry.optionalPeers && { optionalPeers: keep(entry.optionalPeers) }),
  }]);
  const specifiers = Object.entries(lock.specifiers).filter(([specifier, version]) =>
    keys.has(`${nameOf(specifier.slice("npm:".length))}@${version}`)
  );
  return { version: lock.version, specifiers: Object.fromEntries(specifiers), npm: Object.fromEntries(npm) };
}

/** `map` with the packages under `keys` alone. */
export function pruneImportMap(map: ImportMap, keys: ReadonlySet<string>): ImportMap {
  const names = new Set([...keys].map(nameOf));
  const imports = Object.entries(map.imports).filter(([, target]) =>
    !target.startsWith("npm:") || names.has(nameOf(target.replace(/^npm:\/?/, "")))
  );
  return { imports: Object.fromEntries(imports) };
}

/** Name of a package in `name@version`, with whatever follows. */
function nameOf(key: string): string {
  return /^(@[^/]+\/)?[^@/]+/.exec(key)![0];
}
