import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient } from "./client.ts";

/** Sentences around a needle, the needle, and a question, in several scripts. */
const TEXTS: Record<string, [filler: string, needle: string, query: string]> = {
  English: [
    "The office was quiet and the printer hummed all day long. ",
    "The harbour crane was repaired by Kiran in March. ",
    "Who repaired the crane in the harbour?",
  ],
  Chinese: ["办公室里那天没有发生什么值得一提的事情。", "三月份由李伟修理了港口的起重机。", "谁修理了港口的起重机？"],
  Russian: [
    "В тот день в конторе ничего особенного не произошло. ",
    "Портовый кран отремонтировал в марте Кирилл. ",
    "Кто отремонтировал портовый кран?",
  ],
};
/** The longest in one script alone: a model takes a minute for it in scripts of many tokens. */
const LENGTHS: Record<string, number[]> = {
  English: [2_000, 100_000],
  Chinese: [2_000, 12_000],
  Russian: [2_000, 12_000],
};

interface Hit {
  memory: { content: string };
  passage?: { start: number; end: number; text: string } | null;
}

function around([filler, needle]: [string, string, string], length: number): string {
  const half = filler.repeat(Math.ceil(length / 2 / filler.length));
  return half + needle + half;
}

for (const [script, text] of Object.entries(TEXTS)) {
  for (const length of LENGTHS[script]!) {
    Deno.test(`what matched is shown of ${length} characters in ${script}, whole or in parts`, async () => {
      for (const split of [null, { overlap: 50, preserveBoundaries: true }]) {
        const maxContentLength = split === null ? 400_000 : 1800;
        await using client = await openClient({ operations: { maxContentLength, split } });
        const { status } = await client.send("POST", "/api/memories", { content: around(text, length) });
        assertEquals(status, 200);
        const { json } = await client.send("POST", "/api/search", { query: text[2] });
        const [{ memory, passage }] = json.results as [Hit];
        assertStringIncludes(passage!.text, text[1].trim());
        assertEquals(memory.content.slice(passage!.start, passage!.end), passage!.text);
        assert(passage!.text.length <= 241);
      }
    });
  }
}

Deno.test("what matched is shown of a document's chunks", async () => {
  await using client = await openClient();
  const [filler, needle, query] = TEXTS.English!, form = new FormData();
  form.append("file", new File([`${filler.repeat(60)}\n\n${needle}${filler.repeat(60)}`], "log.txt"));
  form.append("chunk_size", "3000");
  const response = await client.app.request("/api/documents/upload", { method: "POST", body: form });
  assertEquals(response.status, 200, await response.clone().text());
  const limit = performance.now() + 60_000;
  let found: Hit[] = [];
  while (found.length === 0 && performance.now() < limit) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    found = (await client.send("POST", "/api/search", { query })).json.results;
  }
  const [{ memory, passage }] = found as [Hit];
  assertStringIncludes(memory.content, needle.trim());
  assertStringIncludes(passage?.text ?? memory.content, needle.trim());
});
