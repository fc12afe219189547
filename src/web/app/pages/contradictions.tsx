/**
 * Pairs of memories that can't both hold: keep both, say which one replaces the other, or mark them.
 *
 * @module
 */

import { call, get } from "../api.ts";
import { useData } from "../data.ts";
import { expectOwn } from "../live.ts";
import { Waiting, Writing } from "../parts/common.tsx";
import { DiffSide } from "../parts/diff.tsx";
import { diffWords } from "../parts/diff_words.ts";
import { hrefWith, place } from "../router.ts";
import type { Memory } from "../shapes.ts";
import { changed, revision } from "../store/changed.ts";
import { notify, orNotify } from "../store/notices.ts";
import { dateTime, t } from "../text.ts";
import { Side } from "./duplicates.tsx";
import { inSteps } from "./steps.ts";

/** Memories compared with their neighbours for a page, and pairs after which it ends. */
const LOOKED_AT = 250, MOST_PAIRS = 50;
/** Type of the relation that marks a pair, and of the one that says that both hold. */
const CONTRADICTS = "contradicts", BOTH = "relates_to";

interface Pair {
  first: Memory;
  second: Memory;
  evidence: { kind: string; detail: string }[];
}
interface Answer {
  pairs: Pair[];
  scanned: number;
  next_before: number | null;
  notice: string | null;
}

/** The pairs, from the newest memories on. */
export function Contradictions() {
  const before = place.value.params.get("before");
  return <Shown key={before} before={before} />;
}

function Shown({ before }: { before: string | null }) {
  const loaded = useData<Answer>(`contradictions?${before}#${revision.value}`, async (abort, show) => {
    const from = before === null ? null : Number(before), pairs = new Map<string, Pair>();
    let found: Answer = { pairs: [], scanned: 0, next_before: from, notice: null };
    await inSteps(
      from,
      LOOKED_AT,
      (scan, created_before) => get<Answer>("/api/contradictions", { scan, limit: MOST_PAIRS, created_before }, abort),
      (next) => {
        for (const pair of next.pairs) pairs.set(keyOf(pair), pair);
        found = { ...next, pairs: [...pairs.values()], scanned: found.scanned + next.scanned };
        show(found);
        return pairs.size < MOST_PAIRS;
      },
    );
    return found;
  });
  const { data } = loaded;
  return (
    <>
      <Waiting of={loaded} />
      {data && (
        <>
          <p class="summary" role="status" aria-busy={loaded.loading}>
            {t("contradictions.summary", { n: data.pairs.length })} · {t("review.scanned", { n: data.scanned })}
            {data.notice && ` · ${data.notice}`}
          </p>
          {data.pairs.map((pair) => <PairCard key={keyOf(pair)} pair={pair} />)}
          {data.next_before !== null && (
            <p>
              <a class="button" href={hrefWith({ before: data.next_before })}>{t("review.older")}</a>
            </p>
          )}
        </>
      )}
    </>
  );
}

const keyOf = ({ first, second }: Pair) => `${first.content_hash} ${second.content_hash}`;

function PairCard({ pair: { first, second, evidence } }: { pair: Pair }) {
  const runs = diffWords(first.content, second.content), isMarked = evidence.some(({ kind }) => kind === "marked");
  const when = ({ created_at }: Memory) => created_at === null ? t("unknown") : dateTime(created_at);
  return (
    <section class="pair">
      <p class="muted">{evidence.map(({ detail }) => detail).join("; ")}</p>
      <div class="sides">
        <Side title={when(first)} memory={first}>
          <DiffSide runs={runs} side="first" text={first.content} />
        </Side>
        <Side title={when(second)} memory={second}>
          <DiffSide runs={runs} side="second" text={second.content} />
        </Side>
      </div>
      <Writing>
        <p class="buttons">
          <button type="button" onClick={() => supersede(second, first)}>{t("contradictions.first")}</button>
          <button type="button" onClick={() => supersede(first, second)}>{t("contradictions.second")}</button>
          <button type="button" onClick={() => keepBoth(first, second, isMarked)}>{t("contradictions.both")}</button>
          {!isMarked && <button type="button" onClick={() => mark(first, second)}>{t("contradictions.mark")}</button>}
        </p>
      </Writing>
    </section>
  );
}

/** The newer takes the place of the older; either may be the one that was stored first. */
function supersede(older: Memory, newer: Memory): void {
  orNotify(async () => {
    expectOwn([older.content_hash, newer.content_hash]);
    const path = `/api/memories/${older.content_hash}/supersede`;
    await call("POST", path, { body: { new_hash: newer.content_hash, reason: t("contradictions.reason") } });
    changed();
    notify(t("done.superseded"), {
      label: t("undo"),
      run: async () => {
        expectOwn([older.content_hash, newer.content_hash]);
        await call("DELETE", path);
        changed();
      },
    });
  });
}

/** Links the two as related, so that they don't come up again. */
function keepBoth(first: Memory, second: Memory, isMarked: boolean): void {
  const relate = (method: string, relation_type: string) => change(method, first, second, relation_type);
  orNotify(async () => {
    await relate("POST", BOTH);
    // Whichever of the two the mark starts at.
    if (isMarked) await Promise.all([relate("DELETE", CONTRADICTS), change("DELETE", second, first, CONTRADICTS)]);
    changed();
    notify(t("done.kept"), {
      label: t("undo"),
      run: async () => {
        await relate("DELETE", BOTH);
        if (isMarked) await relate("POST", CONTRADICTS);
        changed();
      },
    });
  });
}

function mark(first: Memory, second: Memory): void {
  orNotify(async () => {
    await change("POST", first, second, CONTRADICTS);
    changed();
    notify(t("done.marked"), {
      label: t("undo"),
      run: async () => {
        await change("DELETE", first, second, CONTRADICTS);
        changed();
      },
    });
  });
}

async function change(method: string, from: Memory, to: Memory, relation_type: string): Promise<void> {
  expectOwn([from.content_hash, to.content_hash]);
  const path = `/api/memories/${from.content_hash}/relations`, values = { target_hash: to.content_hash, relation_type };
  await call(method, path, method === "DELETE" ? { query: values } : { body: values });
}
