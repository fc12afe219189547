/**
 * How memories are linked: those around one, or those of a tag.
 *
 * @module
 */

import { useRef } from "preact/hooks";
import { get } from "../api.ts";
import { useData } from "../data.ts";
import { MemoryLink, shortened, Waiting } from "../parts/common.tsx";
import { layOut, type Placed } from "../parts/force.ts";
import { go, hrefOf, hrefWith, place } from "../router.ts";
import type { Memory, MemoryPage, Relation, RelationsAnswer } from "../shapes.ts";
import { revision } from "../store/changed.ts";
import { isChosenTag, tags } from "../store/service.ts";
import { t } from "../text.ts";

/** Memories that are drawn, and memories of a tag whose links are looked for. */
const DRAWN = 60, OF_TAG = 40;
/** Links walked from a memory. */
const DEPTH = 2;
const WIDTH = 800, HEIGHT = 560;

interface Graph {
  memories: Memory[];
  relations: Relation[];
  isCut: boolean;
}

/** The graph. */
export function GraphPart() {
  const { params } = place.value,
    hash = params.get("hash"),
    tag = params.get("tag"),
    input = useRef<HTMLInputElement>(null);
  const key = hash ? `hash ${hash}` : tag ? `tag ${tag}` : null;
  const loaded = useData(
    key && `graph ${key}#${revision.value}`,
    (abort) => hash ? around(hash, abort) : ofTag(tag!, abort),
  );
  const send = (event: Event) => {
    event.preventDefault();
    const text = input.current!.value.trim(), key = /(?:hash=|^)([0-9a-f]{10,64})$/.exec(text)?.[1];
    go(hrefWith(key ? { hash: key, tag: null } : { tag: text, hash: null }));
  };
  return (
    <>
      <form class="inline" onSubmit={send}>
        <input
          key={key}
          ref={input}
          list="graph-tags"
          dir="auto"
          defaultValue={tag ?? hash ?? ""}
          aria-label={t("graph.of")}
          placeholder={t("graph.of")}
        />
        <datalist id="graph-tags">
          {tags.value.filter(({ tag }) => isChosenTag(tag)).slice(0, 50).map(({ tag }) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
        <button type="submit">{t("graph.show")}</button>
      </form>
      {key === null && <p class="empty">{t("graph.choose")}</p>}
      <Waiting of={loaded} />
      {key !== null && loaded.data && <Shown graph={loaded.data} middle={hash} />}
    </>
  );
}

async function around(hash: string, signal: AbortSignal): Promise<Graph> {
  const path = `/api/memories/${encodeURIComponent(hash)}`;
  const [own, { relations, memories, truncated }] = await Promise.all([
    get<Memory>(path, {}, signal),
    get<RelationsAnswer>(`${path}/relations`, { depth: DEPTH }, signal),
  ]);
  return cut([own, ...memories], relations, truncated);
}

async function ofTag(tag: string, signal: AbortSignal): Promise<Graph> {
  const query = new URLSearchParams({ tag, page_size: String(OF_TAG), include_superseded: "true" });
  const { memories, total } = await get<MemoryPage>("/api/memories", query, signal);
  const answers = await Promise.all(
    memories.map(({ content_hash }) => get<RelationsAnswer>(`/api/memories/${content_hash}/relations`, {}, signal)),
  );
  const all = [...memories, ...answers.flatMap((answer) => answer.memories)];
  return cut(all, answers.flatMap(({ relations }) => relations), total > OF_TAG);
}

/** No more than can be drawn, each once. */
function cut(memories: Memory[], relations: Relation[], isCut: boolean): Graph {
  const byHash = new Map(memories.map((memory) => [memory.content_hash, memory]));
  const shown = [...byHash.values()].slice(0, DRAWN), hashes = new Set(shown.map(({ content_hash }) => content_hash));
  const links = new Map(
    relations.filter(({ source, target }) => hashes.has(source) && hashes.has(target)).map((relation) =>
      [`${relation.source} ${relation.target} ${relation.relation_type}`, relation] as const
    ),
  );
  return { memories: shown, relations: [...links.values()], isCut: isCut || byHash.size > DRAWN };
}

function Shown({ graph: { memories, relations, isCut }, middle }: { graph: Graph; middle: string | null }) {
  const placed = layOut(memories.map(({ content_hash }) => content_hash), relations, WIDTH, HEIGHT);
  const nameOf = new Map(memories.map(({ content_hash, content }) => [content_hash, shortened(content, 60)]));
  const at = (hash: string) => placed.get(hash) as Placed;
  return (
    <>
      <p class="summary" role="status">
        {t("count.memories", { n: memories.length })} · {t("count.links", { n: relations.length })}
        {isCut && ` · ${t("graph.cut", { n: DRAWN })}`}
      </p>
      <div class="map">
        <svg
          class="graph"
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          role="img"
          aria-label={t("graph.picture", { n: memories.length })}
        >
          {relations.map(({ source, target, relation_type }) => (
            <line
              key={`${source} ${target} ${relation_type}`}
              class={/contradict/.test(relation_type) ? "against" : relation_type === "supersedes" ? "replaces" : ""}
              x1={at(source).x}
              y1={at(source).y}
              x2={at(target).x}
              y2={at(target).y}
            >
              <title>{relation_type}</title>
            </line>
          ))}
          {memories.map(({ content_hash, superseded_by }) => (
            <g key={content_hash} class={content_hash === middle ? "middle" : superseded_by ? "old" : ""}>
              <circle
                cx={at(content_hash).x}
                cy={at(content_hash).y}
                r={content_hash === middle ? 11 : 8}
                onClick={() =>
                  go(hrefOf("/memory", { hash: content_hash }))}
              >
                <title>{nameOf.get(content_hash)}</title>
              </circle>
              {memories.length <= 20 && (
                <text x={at(content_hash).x + 13} y={at(content_hash).y + 4}>
                  {shortened(nameOf.get(content_hash)!, 26)}
                </text>
              )}
            </g>
          ))}
        </svg>
        <section>
          <h2>{t("graph.list")}</h2>
          {relations.length === 0 && <p class="muted">{t("relations.none")}</p>}
          <ul class="plain-list">
            {relations.map(({ source, target, relation_type }) => (
              <li key={`${source} ${target} ${relation_type}`}>
                <MemoryLink hash={source}>{nameOf.get(source)}</MemoryLink> <span class="type">{relation_type}</span>
                {" "}
                <MemoryLink hash={target}>{nameOf.get(target)}</MemoryLink>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </>
  );
}
