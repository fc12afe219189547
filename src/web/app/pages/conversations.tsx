/**
 * Conversations, last spoken in first.
 *
 * @module
 */

import { get } from "../api.ts";
import { useData } from "../data.ts";
import { Heading, News, shortened, Waiting } from "../parts/common.tsx";
import { hrefOf, hrefWith, place } from "../router.ts";
import { revision } from "../store/changed.ts";
import { dateTime, t } from "../text.ts";

const PAGE_SIZE = 30;

interface Conversations {
  conversations: {
    conversation_id: string;
    turns: number;
    first_at: number;
    last_at: number;
    opening: string;
    tags: string[];
  }[];
  next_before: number | null;
}

/** The page. */
export function ConversationsPage() {
  const before = place.value.params.get("before");
  const loaded = useData(
    `conversations?${before}#${revision.value}`,
    (abort) => get<Conversations>("/api/conversations", { limit: PAGE_SIZE, created_before: before }, abort),
  );
  const { data } = loaded;
  return (
    <>
      <Heading title={t("nav.conversations")} />
      <News />
      <Waiting of={loaded} />
      {data?.conversations.length === 0 && <p class="empty">{t(before ? "conversations.end" : "conversations.none")}
      </p>}
      <ul class="memories lines">
        {data?.conversations.map(({ conversation_id, turns, first_at, last_at, opening, tags }) => (
          <li key={conversation_id} class="memory conversation">
            <a href={hrefOf("/conversation", { id: conversation_id })} dir="auto">
              <strong>{shortened(opening, 140)}</strong>
            </a>
            <span class="muted">
              {t("count.turns", { n: turns })} · {dateTime(first_at)}
              {last_at - first_at > 60 && ` – ${dateTime(last_at)}`} ·{" "}
              <span dir="auto">{shortened(conversation_id, 60)}</span>
            </span>
            {tags.length > 0 && (
              <span class="tags">{tags.map((tag) => <span key={tag} class="tag" dir="auto">{tag}</span>)}</span>
            )}
          </li>
        ))}
      </ul>
      {data?.next_before != null && (
        <p>
          <a class="button" href={hrefWith({ before: data.next_before })}>{t("conversations.older")}</a>
        </p>
      )}
    </>
  );
}
