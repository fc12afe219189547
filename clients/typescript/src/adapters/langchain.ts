/**
 * LangChain over Unimem: a retriever, and the history of a chat.
 *
 * @module
 */

import type { CallbackManagerForRetrieverRun } from "@langchain/core/callbacks/manager";
import { BaseListChatMessageHistory } from "@langchain/core/chat_history";
import { Document } from "@langchain/core/documents";
import {
  type BaseMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
  type StoredMessage,
} from "@langchain/core/messages";
import { BaseRetriever, type BaseRetrieverInput } from "@langchain/core/retrievers";
import type { Unimem } from "../client.ts";
import type { SearchRequest } from "../types.ts";
import { Conversation, type Turn } from "./conversation.ts";

const SOURCE = "langchain";

/** What a retriever needs. */
export interface UnimemRetrieverInput extends BaseRetrieverInput {
  client: Unimem;
  /** Most documents; 4 by default. */
  k?: number;
  /** Further fields of a search, such as `tags` or `min_relevance`. */
  search?: Omit<SearchRequest, "query" | "page_size" | "n_results">;
}

/** Memories as documents, best first. Metadata holds `content_hash`, `score`, `relevance` and the memory's own. */
export class UnimemRetriever extends BaseRetriever {
  static override lc_name(): string {
    return "UnimemRetriever";
  }
  override lc_namespace = ["unimem", "retrievers"];
  readonly #client: Unimem;
  readonly #k: number;
  readonly #search: NonNullable<UnimemRetrieverInput["search"]>;

  constructor({ client, k = 4, search = {}, ...rest }: UnimemRetrieverInput) {
    super(rest);
    this.#client = client;
    this.#k = k;
    this.#search = search;
  }

  override async _getRelevantDocuments(query: string, _run?: CallbackManagerForRetrieverRun): Promise<Document[]> {
    const { results } = await this.#client.search(query, { ...this.#search, page_size: this.#k });
    return results.map(({ memory, similarity_score, relevance }) =>
      new Document({
        id: memory.content_hash,
        pageContent: memory.content,
        metadata: {
          ...memory.metadata,
          content_hash: memory.content_hash,
          tags: memory.tags,
          score: similarity_score,
          relevance,
        },
      })
    );
  }
}

/** What a history needs. */
export interface UnimemChatMessageHistoryInput {
  client: Unimem;
  /** Becomes the `conversation_id` of the messages. */
  sessionId: string;
  /** Tags of the messages. */
  tags?: readonly string[];
  /** Whether `clear` deletes for good, instead of into the trash. */
  permanent?: boolean;
}

const ROLES: Record<string, Turn["role"]> = {
  human: "user",
  ai: "assistant",
  system: "system",
  tool: "tool",
  function: "tool",
};

/** The messages of a session, each a memory of its conversation. */
export class UnimemChatMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace = ["unimem", "chat_histories"];
  readonly #conversation: Conversation;
  readonly #tags: readonly string[];
  readonly #permanent: boolean;

  constructor({ client, sessionId, tags = [], permanent = false }: UnimemChatMessageHistoryInput) {
    super();
    this.#conversation = new Conversation(client, SOURCE, sessionId);
    this.#tags = tags;
    this.#permanent = permanent;
  }

  override async getMessages(): Promise<BaseMessage[]> {
    const stored = (await this.#conversation.read()).map(({ text, data }) => {
      const message = data as unknown as StoredMessage;
      return { ...message, data: { ...message.data, content: message.data.content ?? text } };
    });
    return mapStoredMessagesToChatMessages(stored);
  }

  override async addMessage(message: BaseMessage): Promise<void> {
    await this.addMessages([message]);
  }

  override async addMessages(messages: BaseMessage[]): Promise<void> {
    await this.#conversation.add(messages.map(turnOf), this.#tags);
  }

  override async clear(): Promise<void> {
    await this.#conversation.clear(this.#permanent);
  }
}

function turnOf(message: BaseMessage): Turn {
  const type = message.getType(), role = ROLES[type] ?? "user";
  const stored = mapChatMessagesToStoredMessages([message])[0]!;
  if (typeof message.content === "string" && message.content.trim() !== "") {
    // The words are the memory's content; they needn't stand there twice.
    const { content: _, ...data } = stored.data;
    return { role, text: message.content, data: { ...stored, data } };
  }
  const parts = typeof message.content === "string" ? [] : message.content;
  const words = parts.map((part) => "text" in part && typeof part.text === "string" ? part.text : "").join(" ").trim();
  const calls = ((message as { tool_calls?: { name: string }[] }).tool_calls ?? []).map(({ name }) => name).join(", ");
  const text = words || (calls === "" ? `(${type} message without text)` : `(calls ${calls})`);
  return { role, text, data: { ...stored } };
}
