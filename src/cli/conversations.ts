/**
 * `conversations`: what memories are turns of.
 *
 * @module
 */

import type { Command } from "commander";
import type { ConversationsOutput } from "../operations/conversations.ts";
import { type ClientContext, examples, numberOf, paint, printable, show } from "./context.ts";
import { dayOf, oneLine } from "./lines.ts";
import { orNone, withService } from "./remote.ts";

interface Options {
  limit: string;
  before?: string;
  json?: boolean;
}

const OPTIONS = { limit: "--limit", created_before: "--before" };

/** Adds the command. */
export function addConversations(program: Command, context: ClientContext): void {
  program.command("conversations").description("conversations that were stored, last spoken in first")
    .option("-n, --limit <number>", "how many, up to 100", "20")
    .option("--before <time>", "only those that ended before this time, as the line below a list says")
    .option("--json", "print them as JSON")
    .addHelpText("after", examples(["conversations", "conversations --limit 50 --json"]))
    .action((options: Options) => runConversations(context, options));
}

async function runConversations(context: ClientContext, { limit, before, json }: Options): Promise<void> {
  const input = { limit: numberOf("--limit", limit), created_before: before };
  const found = await withService(
    context,
    {},
    (service) => service.call<ConversationsOutput>("listConversations", input, OPTIONS),
  ).catch(orNone<ConversationsOutput>({ conversations: [], next_before: null }));
  const day = (seconds: number) => dayOf(seconds, context.reach().timeZone);
  show(context, json, found, () => [
    ...found.conversations.map(({ conversation_id, turns, last_at, opening }) => {
      const facts = `${paint(context, "dim", day(last_at))}  ${printable(conversation_id)}  ${turns} turns`;
      return `${facts}  ${printable(oneLine(opening))}`;
    }),
    ...found.conversations.length === 0 ? ["No conversations"] : [],
    ...found.conversations.length > 0
      ? [paint(context, "dim", "unimem list --conversation ID --order time reads one")]
      : [],
    ...found.next_before === null ? [] : [paint(context, "dim", `More with --before ${found.next_before}`)],
  ]);
}
