/**
 * A store with some of everything, hostile texts among it.
 *
 * @module
 */

import type { TestClient } from "../http/client.ts";

export const ATTACK = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
export const MARKDOWN = [
  "# Deploys",
  "Deploys run on **Thursdays**, see [the plan](https://plans.example/deploys) and [this](javascript:alert(1)).",
  '```ts\nconst day = "Thursday"; // fixed\n```',
  "| who | when |\n| --- | --- |\n| ops | ten |",
  "![seen](https://elsewhere.example/pixel.png) ![dot](data:image/png;base64,iVBORw0KGgo=)",
  ATTACK,
].join("\n\n");

/** Keys and ids of what was stored. */
export interface Filled {
  decision: string;
  duplicates: [string, string];
  upload: string;
  /** Turns of the conversation `ship-talk`, and the memory that cites the second. */
  turns: string[];
  fact: string;
}

/** Fills a store. */
export async function fill(client: TestClient): Promise<Filled> {
  const decision = await client.store(MARKDOWN, { tags: ["deploy", ATTACK, "a,b"], memory_type: "decision" });
  const first = await client.store("The office opens at nine on every working day of the week.", { tags: ["office"] });
  const second = await client.store("The office opens at nine on every working day of the week!", { tags: ["hours"] });
  await client.store("Backups are kept for 30 days on the second disk.", { tags: ["backup"], memory_type: "note" });
  await client.store("Backups are kept for 90 days on the second disk.", { tags: ["backup"], memory_type: "note" });
  await client.store("النسخ الاحتياطي يعمل كل ليلة", { tags: ["عربي"] });
  await client.store("数据库备份每天凌晨两点运行", { tags: ["备份"], memory_type: ATTACK });
  await client.store(`${"unbroken".repeat(80)} end`, {
    tags: ["long-tag-".repeat(20)],
    metadata: { [ATTACK]: ATTACK },
  });
  const turns = ["user: When do we ship?", "assistant: On **Friday**, if the tests pass.", "user: Good, Friday it is."];
  const said: string[] = [];
  for (const [i, content] of turns.entries()) {
    const metadata = { source: "claude-code", project: "/home/mei/ferry", ...i === 1 ? { model: "sonnet" } : {} };
    said.push(await client.store(content, { conversation_id: "ship-talk", tags: ["talk"], metadata }));
  }
  const fact = await client.store("We ship on Fridays once the tests pass", { memory_type: "decision" });
  await client.send("POST", `/api/memories/${fact}/relations`, { target_hash: said[1], relation_type: "cites" });
  const gone = await client.store("Something that was deleted");
  await client.send("DELETE", `/api/memories/${gone}`);
  const form = new FormData();
  form.append("file", new File(["# Handbook\n\nHolidays are asked for two weeks before.\n"], "handbook.md"));
  const sent = await client.app.request("/api/documents/upload", { method: "POST", body: form });
  const { upload_id } = await sent.json();
  while ((await client.get(`/api/documents/status/${upload_id}`)).json.completed_at === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { decision, duplicates: [first, second], upload: upload_id, turns: said, fact };
}
