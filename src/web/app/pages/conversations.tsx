/**
 * Conversations, last spoken in first, of all programs and projects or of one.
 *
 * @module
 */

import { get } from "../api.ts";
import { useData } from "../data.ts";
import { Heading, News, shortened, Waiting } from "../parts/common.tsx";
import { go, hrefOf, hrefWith, place } from "../router.ts";
import { revision } from "../store/changed.ts";
import { dateTime, day, t, timeOfDay } from "../text.ts";

const PAGE_SIZE = 30;
/** What the list is narrowed by. */
const NARROWED_BY = ["client", "project"] as const;

interface Conversation {
  conversation_id: string;
  turns: number;
  first_at: number;
  last_at: number;
  opening: string;
  tags: string[];
  client: string | null;
  project: string | null;
  model: string | null;
  title: string | null;
}

interface Conversations {
  conversations: Conversation[];
  next_before: number | null;
}

/** Programs and projects seen so far: a list that is narrowed names one alone. */
const seen = { client: new Set<string>(), project: new Set<string>() };

/** The page. */
export function ConversationsPage() {
  const { params } = place.value,
    [before, client, project] = ["before", ...NARROWED_BY].map((name) => params.get(name));
  const loaded = useData(
    `conversations?${before}&${client}&${project}#${revision.value}`,
    (abort) =>
      get<Conversations>("/api/conversations", { limit: PAGE_SIZE, created_before: before, client, project }, abort),
  );
  const { data } = loaded, isNarrowed = client != null || project != null;
  for (const conversation of data?.conversations ?? []) {
    for (const name of NARROWED_BY) if (conversation[name] !== null) seen[name].add(conversation[name]);
  }
  return (
    <>
      <Heading title={t("nav.conversations")} />
      {(isNarrowed || seen.client.size > 0 || seen.project.size > 0) && (
        <div class="fields">
          {NARROWED_BY.map((name) => <Narrow key={name} name={name} chosen={params.get(name)} />)}
          {isNarrowed && (
            <a class="button" href={hrefWith({ client: null, project: null, before: null })}>{t("filters.clear")}</a>
          )}
        </div>
      )}
      <News />
      <Waiting of={loaded} />
      {data?.conversations.length === 0 && data.next_before === null && (
        <p class="empty">{t(before ? "conversations.end" : isNarrowed ? "memories.none" : "conversations.none")}</p>
      )}
      <ul class="memories lines" aria-busy={loaded.loading} aria-label={t("nav.conversations")}>
        {data?.conversations.map((conversation) => <Item key={conversation.conversation_id} {...conversation} />)}
      </ul>
      {data?.next_before != null && (
        <p>
          <a class="button" href={hrefWith({ before: data.next_before })}>{t("conversations.older")}</a>
        </p>
      )}
    </>
  );
}

function Narrow({ name, chosen }: { name: typeof NARROWED_BY[number]; chosen: string | null }) {
  const names = [...new Set([...seen[name], ...chosen === null ? [] : [chosen]])].sort();
  if (names.length === 0) return null;
  return (
    <label class="small-field">
      <span>{t(`conversation.${name}`)}</span>
      <select
        value={chosen ?? ""}
        onChange={(event) => go(hrefWith({ [name]: event.currentTarget.value, before: null }), { replace: true })}
      >
        <option value="">{t("conversations.all")}</option>
        {names.map((one) => <option key={one} value={one}>{one}</option>)}
      </select>
    </label>
  );
}

function Item(
  { conversation_id, turns, first_at, last_at, opening, tags, client, project, model, title }: Conversation,
) {
  return (
    <li class="memory conversation" data-conversation={conversation_id}>
      <a href={hrefOf("/conversation", { id: conversation_id })} dir="auto">
        <strong>{shortened(title ?? opening, 140)}</strong>
      </a>
      {title !== null && <span dir="auto">{shortened(opening, 140)}</span>}
      <span class="muted">
        {t("count.turns", { n: turns })} · {dateTime(first_at)}
        {last_at - first_at > 60 && ` – ${day(first_at) === day(last_at) ? timeOfDay(last_at) : dateTime(last_at)}`}
      </span>
      <span class="tags">
        {client !== null && <a class="type" href={hrefWith({ client, before: null })} dir="auto">{client}</a>}
        {project !== null && <a class="type" href={hrefWith({ project, before: null })} dir="auto">{project}</a>}
        {model !== null && <span class="muted" dir="auto">{model}</span>}
        {tags.map((tag) => <span key={tag} class="tag" dir="auto">{tag}</span>)}
        {project === null && title === null && <span class="muted" dir="auto">{shortened(conversation_id, 60)}</span>}
      </span>
    </li>
  );
}
