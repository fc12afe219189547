/**
 * Which packages, and which of their files, an executable needs.
 *
 * @module
 */

import type { Target } from "./targets.ts";

/** A package as `deno info --json` tells of it. */
export interface Package {
  name: string;
  version: string;
  /** Keys of the packages it depends on. */
  dependencies: string[];
  localPath: string;
}

/** Packages that others name but that nothing here loads. */
const UNUSED = [
  /^onnxruntime-web$/, // transformers.js holds its own copy
  /^@img\/sharp-/, // reads images
  /^(adm-zip|global-agent)$/, // install scripts of onnxruntime-node
  /^(typescript$|@typescript\/|@types\/)/, // types
];

/** Files that run, and licences. Type declarations, source maps, sources and manuals stay out. */
const NEEDED = /(\.(js|mjs|cjs|json|node|wasm)|(^|\/)(licen[cs]e|notice|copying|third[-_]?party)[^/]*)$/i;

/** Stands in for sharp, which transformers.js imports in order to read images. */
export const NO_IMAGES = new URL("./no_images.mjs", import.meta.url);
const SHARP_ENTRY = "dist/index.mjs";

/** The packages that are needed, by key: those reached from `roots`, without what is never loaded. */
export function neededPackages(roots: Iterable<string>, all: Record<string, Package>): Map<string, Package> {
  const needed = new Map<string, Package>();
  const waiting = [...roots];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const found = all[key]!;
    if (needed.has(key) || UNUSED.some((pattern) => pattern.test(found.name))) continue;
    needed.set(key, found);
    waiting.push(...found.dependencies);
  }
  return needed;
}

/** Whether a package's file is needed; `path` is inside the package, with slashes. */
export function isNeeded(name: string, path: string, target: Target): boolean {
  const isLegal = path === "package.json" || /^licen[cs]e/i.test(path);
  switch (name) {
    case "onnxruntime-node":
      return isLegal || /^dist\/.*\.js$/.test(path) ||
        target.libraries.some((library) => path === `bin/napi-v6/${target.folder}/${library}`);
    case "@huggingface/transformers":
      return isLegal || path === "dist/transformers.node.mjs";
    case "sharp":
      return isLegal || path === SHARP_ENTRY;
    default:
      return NEEDED.test(path);
  }
}

/** Where a package's file comes from: the package, save for the one that is replaced. */
export function sourceOf({ name, localPath }: Package, path: string): string | URL {
  return name === "sharp" && path === SHARP_ENTRY ? NO_IMAGES : `${localPath}/${path}`;
}
