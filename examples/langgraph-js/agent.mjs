/**
 * An agent that knows its user in every new conversation: what is worth keeping goes into LangGraph's store, which is
 * Unimem, and each answer begins with a search of it.
 *
 *     node agent.mjs "My favourite food is pizza."
 *     node agent.mjs "What do I like to eat?"
 */

import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { Unimem } from "@unimem/client";
import { UnimemStore } from "@unimem/client/langgraph";

const memory = new Unimem({
  url: process.env.UNIMEM_URL ?? "http://127.0.0.1:8000",
  ...process.env.UNIMEM_API_KEY ? { key: process.env.UNIMEM_API_KEY } : {},
}).inSpace("example-langgraph-js");
const store = new UnimemStore(memory);

/** Stands in for a model: says what it was given. Put your own here, e.g. ChatAnthropic. */
function model(question, notes) {
  return new AIMessage(notes.length === 0 ? `I know nothing about: ${question}` : `I remember: ${notes.join(" ")}`);
}

async function answer({ messages }, { store, configurable }) {
  const said = messages.at(-1).content, namespace = ["users", configurable.user];
  // A real agent would let its model decide what is worth keeping.
  if (!said.endsWith("?")) {
    await store.put(namespace, crypto.randomUUID(), { text: said });
    return { messages: [new AIMessage("I'll keep that in mind.")] };
  }
  const found = await store.search(namespace, { query: said, limit: 1 });
  return { messages: [model(said, found.map(({ value }) => value.text))] };
}

const graph = new StateGraph(MessagesAnnotation)
  .addNode("answer", answer)
  .addEdge(START, "answer")
  .addEdge("answer", END)
  .compile({ store });

const [question = "What do I like to eat?", user = "alice"] = process.argv.slice(2);
const { messages } = await graph.invoke({ messages: [new HumanMessage(question)] }, { configurable: { user } });
console.log(messages.at(-1).content);
