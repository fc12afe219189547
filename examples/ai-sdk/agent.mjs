/**
 * A model that searches and stores by calling tools, with Vercel's AI SDK.
 *
 *     node agent.mjs "Remember that staging runs PostgreSQL 16."
 *     node agent.mjs "Which database does staging run?"
 */

import { generateText, stepCountIs } from "ai";
import { Unimem } from "@unimem/client";
import { unimemTools } from "@unimem/client/ai";

const memory = new Unimem({
  url: process.env.UNIMEM_URL ?? "http://127.0.0.1:8000",
  ...process.env.UNIMEM_API_KEY ? { key: process.env.UNIMEM_API_KEY } : {},
}).inSpace("example-ai-sdk");

const USAGE = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

/**
 * Stands in for a model: calls a tool first, then says what it answered. Put your own here, e.g.
 * `anthropic("claude-sonnet-4-5")`, and everything else stays.
 */
const model = {
  specificationVersion: "v3",
  provider: "example",
  modelId: "stand-in",
  supportedUrls: {},
  doGenerate({ prompt }) {
    const last = prompt.at(-1);
    const say = (text) => ({ content: [{ type: "text", text }], finishReason: { unified: "stop", raw: undefined } });
    const call = (toolName, input) => ({
      content: [{ type: "tool-call", toolCallId: crypto.randomUUID(), toolName, input: JSON.stringify(input) }],
      finishReason: { unified: "tool-calls", raw: undefined },
    });
    let answer;
    if (last.role === "tool") {
      const { toolName, output } = last.content[0];
      if (toolName === "storeMemory") answer = say(output.value.stored ? "I stored that." : "I know that already.");
      else {
        const [best] = output.value.memories;
        answer = say(best === undefined ? "I know nothing about it." : `I remember: ${best.content}`);
      }
    } else {
      const said = last.content[0].text, remember = /^remember that (.*)$/i.exec(said);
      answer = remember === null
        ? call("searchMemory", { query: said })
        : call("storeMemory", { content: remember[1][0].toUpperCase() + remember[1].slice(1) });
    }
    return Promise.resolve({ ...answer, usage: USAGE, warnings: [] });
  },
};

const { text } = await generateText({
  model,
  tools: unimemTools(memory),
  stopWhen: stepCountIs(3),
  prompt: process.argv[2] ?? "Which database does staging run?",
});
console.log(text);
