/**
 * LangGraph's long-term memory in Unimem: a `BaseStore` that other agents and people can search too.
 *
 * Each item is one memory. Its text is what the index takes of the value; value, namespace and key stand in the
 * metadata. A value may take 64 KiB as JSON. The Python client's store reads and writes the same memories.
 *
 * @module
 */

import {
  BaseStore,
  type GetOperation,
  type Item,
  type ListNamespacesOperation,
  type MatchCondition,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import type { Unimem } from "../client.ts";
import type { Memory } from "../types.ts";

/** Tag of every item, and what the others begin with. */
const ROOT = "langgraph";
/** Longest text of a field that filters find without reading the item. */
const INDEXED_TEXT = 256;

type Value = Record<string, unknown>;

/** What the metadata says of an item. */
interface Facts {
  namespace: string[];
  key: string;
  value: Value;
  created_at: string;
  updated_at: string;
}

/** A store over a Unimem service. A space of its own keeps its tags apart from other memories'. */
export class UnimemStore extends BaseStore {
  readonly #client: Unimem;
  readonly #index: readonly string[];

  /** @param index Fields that are searched by `query`, unless `put` names others; the whole value by default. */
  constructor(client: Unimem, { index = ["$"] }: { index?: readonly string[] } = {}) {
    super();
    this.#client = client;
    this.#index = index;
  }

  /** Reads come first, then writes, of which the last for a key counts, as in LangGraph's own stores. */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const results: unknown[] = [], puts = new Map<string, PutOperation>();
    for (const operation of operations) {
      if ("namespacePrefix" in operation) results.push(await this.#search(operation));
      else if ("value" in operation) {
        puts.set(JSON.stringify([...operation.namespace, operation.key]), operation);
        results.push(undefined);
      } else if ("key" in operation) results.push(await this.#get(operation));
      else results.push(await this.#listNamespaces(operation as ListNamespacesOperation));
    }
    for (const put of puts.values()) await this.#put(put);
    return results as OperationResults<Op>;
  }

  async #get({ namespace, key }: GetOperation): Promise<Item | null> {
    const [memory] = await this.#find(namespace, key);
    return memory === undefined ? null : itemOf(memory);
  }

  /** The memories of an item, newest first: one, or two after a break or two writers at once. */
  async #find(namespace: string[], key: string): Promise<Memory[]> {
    const metadata = JSON.stringify({ langgraph_id: await identity(namespace, key) });
    return (await this.#client.list({ tag: [exact(namespace)], metadata, page_size: 100 })).memories;
  }

  async #put(put: PutOperation): Promise<void> {
    const known = await this.#find(put.namespace, put.key);
    const kept = put.value === null ? undefined : await this.#write(put, put.value, known);
    const others = known.map(({ content_hash }) => content_hash).filter((hash) => hash !== kept);
    if (others.length > 0) await this.#client.deleteMany(others, { permanent: true });
  }

  /** The new version is there before the old one goes, so that a break in between loses nothing. */
  async #write({ namespace, key, index }: PutOperation, value: Value, known: Memory[]): Promise<string> {
    const now = new Date().toISOString(), id = await identity(namespace, key), [before] = known;
    const texts = (index === false ? [] : index ?? this.#index).flatMap((path) => textsAt(value, path));
    const metadata: Value = {
      langgraph: {
        namespace,
        key,
        value,
        created_at: before === undefined ? now : factsOf(before).created_at,
        updated_at: now,
      } satisfies Facts,
      langgraph_id: id,
      langgraph_indexed: texts.length > 0,
      ...fields(value),
    };
    const tags = tagsOf(namespace), content = [...texts, "", `langgraph ${id}`].join("\n").trim();
    const stored = await this.#client.store({ content, tags, memory_type: "langgraph", metadata });
    const hash = stored.content_hash!;
    if (stored.duplicate) {
      const gone: Value = {};
      for (const { metadata } of known) {
        for (const name of Object.keys(metadata)) if (name.startsWith("value.")) gone[name] = null;
      }
      await this.#client.update(hash, { metadata: { ...gone, ...metadata }, tags });
    }
    return hash;
  }

  async #search(
    { namespacePrefix, filter = {}, limit = 10, offset = 0, query }: SearchOperation,
  ): Promise<SearchItem[]> {
    const tags = namespacePrefix.length > 0 ? [prefix(namespacePrefix), exact(namespacePrefix)] : [ROOT];
    const pushed = pushedOf(filter), items: SearchItem[] = [];
    let more = true;
    for (let page = 1; more && items.length < offset + limit; page++) {
      let found: { memory: Memory; score?: number }[];
      if (query) {
        const metadata = { ...pushed, langgraph_indexed: true };
        const answer = await this.#client.search(query, { tags, metadata, page, page_size: 100 });
        found = answer.results.map(({ memory, similarity_score }) => ({ memory, score: similarity_score ?? 0 }));
        more = answer.pagination.has_more;
      } else {
        const metadata = Object.keys(pushed).length > 0 ? { metadata: JSON.stringify(pushed) } : {};
        const answer = await this.#client.list({ tag: tags, page, page_size: 100, ...metadata });
        found = answer.memories.map((memory) => ({ memory }));
        more = answer.has_more;
      }
      for (const { memory, score } of found) {
        if (memory.metadata.langgraph === undefined) continue;
        const { namespace, value } = factsOf(memory);
        const isInside = namespacePrefix.every((label, i) => namespace[i] === label);
        if (!isInside || !passes(value, filter)) continue;
        items.push(score === undefined ? itemOf(memory) : { ...itemOf(memory), score });
      }
    }
    return items.slice(offset, offset + limit);
  }

  async #listNamespaces(
    { matchConditions = [], maxDepth, limit, offset }: ListNamespacesOperation,
  ): Promise<string[][]> {
    const { tags } = await this.#client.tags(), start = `${ROOT}:`;
    const all = tags.map(({ tag }) => tag).filter((tag) => tag.startsWith(start) && !tag.endsWith(".*"))
      .map((tag) => decode(tag.slice(start.length)))
      .filter((namespace) => matchConditions.every((condition) => matches(condition, namespace)))
      .map((namespace) => maxDepth === undefined ? namespace : namespace.slice(0, maxDepth));
    const different = new Map(all.map((namespace) => [namespace.join("."), namespace]));
    return [...different.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, namespace]) => namespace)
      .slice(offset, offset + limit);
  }
}

function factsOf(memory: Memory): Facts {
  return memory.metadata.langgraph as Facts;
}

function itemOf(memory: Memory): Item {
  const { namespace, key, value, created_at, updated_at } = factsOf(memory);
  return { namespace, key, value, createdAt: new Date(created_at), updatedAt: new Date(updated_at) };
}

/** Stands for namespace and key where texts are compared without regard to case. */
async function identity(namespace: readonly string[], key: string): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([...namespace, key]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One for the namespace, and one for each that it lies in. */
function tagsOf(namespace: readonly string[]): string[] {
  return [ROOT, ...namespace.slice(1).map((_, i) => prefix(namespace.slice(0, i + 1))), exact(namespace)];
}

const exact = (namespace: readonly string[]) => `${ROOT}:${namespace.map(encode).join(".")}`;
const prefix = (namespace: readonly string[]) => `${exact(namespace)}.*`;

/** Tags are compared without regard to case and accents, so all but plain characters are spelt out. */
function encode(label: string): string {
  return label.replace(/[^a-z0-9_-]/gu, (char) => `~${char.codePointAt(0)!.toString(16)}~`);
}

function decode(text: string): string[] {
  return text.split(".").map((label) =>
    label.replace(/~([0-9a-f]+)~/g, (_, code: string) => String.fromCodePoint(parseInt(code, 16)))
  );
}

/** The texts at a path such as `title`, `author.name`, `notes[*].text` or `notes[0]`; `$` is the whole value. */
function textsAt(value: Value, path: string): string[] {
  if (path === "$") {
    return Object.entries(value).filter(([, item]) => !isEmpty(item)).map(([name, item]) => `${name}: ${plain(item)}`);
  }
  const steps = path.match(/[^.[\]]+/g) ?? [];
  let found: unknown[] = [value];
  for (const step of steps) {
    found = found.flatMap((item) => {
      if (item === null || typeof item !== "object") return [];
      if (step === "*") return Object.values(item);
      const next = (item as Value)[Array.isArray(item) && step.startsWith("-") ? item.length + Number(step) : step];
      return next === undefined || next === null ? [] : [next];
    });
  }
  return found.map(plain);
}

function isEmpty(item: unknown): boolean {
  return item === null || item === undefined || item === "" ||
    (typeof item === "object" && Object.keys(item).length === 0);
}

function plain(item: unknown): string {
  return typeof item === "string" ? item : JSON.stringify(item);
}

function isPlain(item: unknown): item is string | number | boolean {
  return typeof item === "boolean" || typeof item === "number" ||
    (typeof item === "string" && item.length <= INDEXED_TEXT);
}

/** Fields that filters find without reading every item. */
function fields(value: Value): Value {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => isPlain(item)).map(([name, item]) => [`value.${name}`, item]),
  );
}

/** The part of a filter that the service can apply; all of it is applied here again. */
function pushedOf(filter: Value): Record<string, string | number | boolean> {
  const pushed: Record<string, string | number | boolean> = {};
  for (const [name, wanted] of Object.entries(filter)) {
    const isEqual = isObject(wanted) && Object.keys(wanted).join() === "$eq";
    const value = isEqual ? wanted.$eq : wanted;
    if (isPlain(value)) pushed[`value.${name}`] = value;
  }
  return pushed;
}

function passes(value: Value, filter: Value): boolean {
  return Object.entries(filter).every(([name, wanted]) => compare(value[name], wanted));
}

/** Equal, or as operators such as `$gte` say; nested like LangGraph's own stores. */
function compare(value: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && value.length === wanted.length && value.every((item, i) => compare(item, wanted[i]));
  }
  if (!isObject(wanted)) return value === wanted || ((value ?? null) === null && wanted === null);
  const entries = Object.entries(wanted);
  if (entries.some(([name]) => name.startsWith("$"))) {
    return entries.every(([name, operand]) => operate(value, name, operand));
  }
  return isObject(value) && entries.every(([name, inner]) => compare(value[name], inner));
}

function operate(value: unknown, name: string, operand: unknown): boolean {
  switch (name) {
    case "$eq":
      return compare(value, operand);
    case "$ne":
      return !compare(value, operand);
    case "$gt":
      return Number(value) > Number(operand);
    case "$gte":
      return Number(value) >= Number(operand);
    case "$lt":
      return Number(value) < Number(operand);
    case "$lte":
      return Number(value) <= Number(operand);
    default:
      throw new Error(`Unsupported operator: ${name}`);
  }
}

function isObject(value: unknown): value is Value {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function matches({ matchType, path }: MatchCondition, namespace: readonly string[]): boolean {
  if (namespace.length < path.length) return false;
  const part = matchType === "prefix" ? namespace : namespace.slice(namespace.length - path.length);
  return path.every((wanted, i) => wanted === "*" || wanted === part[i]);
}
