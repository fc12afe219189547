/**
 * What is known of clients by the names that they give themselves: the protocol has no other way to tell.
 *
 * @module
 */

/** How a client introduces itself. */
export interface ClientName {
  name?: string | undefined;
  title?: string | undefined;
  version?: string | undefined;
}

/** ChatGPT's connectors, also through a proxy that adds to the name. */
const CONNECTORS = /^(openai-mcp|chatgpt)\b/i;

/**
 * Programs that hand a model the structured content in place of the text, where an answer has both; their issue trackers
 * say so (anthropics/claude-code 79944, microsoft/vscode 290063).
 */
const STRUCTURED_FIRST = /^(claude-code|visual studio code)\b/i;

/** Whether a client reads `search` and `fetch` in the shape that ChatGPT's connectors need. */
export function isConnector(client: ClientName | undefined): boolean {
  return matches(client, CONNECTORS);
}

/** Whether a client's model sees the structured content and not the text. */
export function prefersStructured(client: ClientName | undefined): boolean {
  return matches(client, STRUCTURED_FIRST);
}

function matches({ name, title }: ClientName = {}, pattern: RegExp): boolean {
  return [name, title].some((text) => typeof text === "string" && pattern.test(text.trim()));
}
