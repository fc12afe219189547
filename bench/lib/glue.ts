/**
 * Guard sets for the ranking: conversations in which every second session is stored as long notes without labels, as
 * agents keep summaries and documents beside turns. A ranking that buries long memories fails on them.
 *
 * @module
 */

import type { Dataset, Doc } from "./dataset.ts";
import { sessionOf } from "./metrics.ts";

/** Who speaks in a turn. */
const LABEL = /^\s*[^\s:：][^:：]{0,40}[:：]\s?/u;

/**
 * A set in which up to `turns` following turns of every second session are one text, under the id of the first. The
 * evidence of a question becomes the texts that hold it.
 */
export function glue({ docs, qs }: Dataset, turns: number): Dataset {
  const sessions = new Map<string, Set<string>>(), into = new Map<string, string>(), glued: Doc[] = [];
  let open: { doc: Doc; session: string; turns: number } | null = null;
  for (const doc of docs) {
    if (doc.conv == null) {
      glued.push(doc); // a note as it is
      continue;
    }
    const conversation = doc.conv, session = sessionOf(doc.id);
    const known = sessions.get(conversation) ?? new Set();
    sessions.set(conversation, known.add(session));
    if ([...known].indexOf(session) % 2 === 0) {
      glued.push(doc);
      open = null;
      continue;
    }
    const said = doc.t.replace(LABEL, "");
    if (open?.session === `${conversation}/${session}` && open.turns < turns) {
      open.doc.t += `\n${said}`;
      open.turns++;
    } else {
      open = { doc: { ...doc, t: said }, session: `${conversation}/${session}`, turns: 1 };
      glued.push(open.doc);
    }
    into.set(doc.id, open.doc.id);
  }
  return { docs: glued, qs: qs.map((question) => ({ ...question, ev: gluedIds(question.ev, into) })) };
}

function gluedIds(ids: readonly string[], into: ReadonlyMap<string, string>): string[] {
  return [...new Set(ids.map((id) => into.get(id) ?? id))];
}
