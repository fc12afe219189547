import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { chunkSections } from "../../src/documents/chunks.ts";
import type { Section } from "../../src/documents/document.ts";
import { parse } from "./helpers.ts";

const chunksOf = (sections: Section[], size = 1000, overlap = 200) => [...chunkSections(sections, { size, overlap })];

Deno.test("a short first section is a chunk of its own", async () => {
  const { sections } = await parse(`# Runbook\n\nShort.\n\n## Escalation\n\n${"Page someone. ".repeat(200)}`, "a.md");
  const chunks = chunksOf(sections, 500, 50);
  assertEquals(chunks[0]!.text, "Runbook\n\nShort.");
  assert(chunks.length > 5);
  for (const [i, chunk] of chunks.entries()) {
    assertEquals(chunk.index, i);
    assert(chunk.text.length <= 500, `${chunk.text.length} characters`);
    if (i > 0) assert(chunk.text.startsWith("Runbook > Escalation\n\nPage someone."));
  }
});

Deno.test("chunks overlap by whole sentences, within the overlap", async () => {
  const words = Array.from({ length: 200 }, (_, i) => `Sentence number ${i}.`).join(" ");
  const { sections, text } = await parse(words, "a.txt");
  const chunks = chunksOf(sections, 300, 60);
  for (let i = 1; i < chunks.length; i++) {
    const repeated = chunks[i - 1]!.end - chunks[i]!.start;
    assert(repeated > 0 && repeated <= 60, `${repeated} characters are repeated`);
    assert(text.slice(chunks[i]!.start).startsWith("Sentence number"));
  }
  assertEquals(chunksOf(sections, 300, 0).map((chunk) => chunk.text).join(" "), words);
});

Deno.test("a heading with nothing under it is never lost", async () => {
  const { sections } = await parse("# Empty\n\n# Parent\n\n## Child\n\nText.\n\n# Last", "a.md");
  assertEquals(chunksOf(sections).map((chunk) => chunk.text), ["Empty", "Parent > Child\n\nText.", "Last"]);
});

Deno.test("a long heading path leaves room for words", async () => {
  const { sections } = await parse(
    `# ${"Outer ".repeat(30)}\n## ${"Inner ".repeat(30)}\n\n${"word ".repeat(100)}`,
    "a.md",
  );
  for (const { text } of chunksOf(sections, 100, 20)) {
    assert(text.length <= 100);
    assert(text.startsWith("Inner Inner"));
    assert(text.includes("…\n\nword"));
  }
});

Deno.test("chunks of any text are in order, within the size and cover every word", () => {
  const block = fc.stringMatching(/^[a-zé東.!? \n]{0,400}$/).map((text) => text.trim());
  const section = fc.record({ text: block, title: fc.option(fc.stringMatching(/^[A-Z][a-z ]{0,60}$/)) });
  fc.assert(
    fc.property(
      fc.array(section, { maxLength: 5 }),
      fc.integer({ min: 100, max: 400 }),
      fc.nat(200),
      (parts, size, overlap) => {
        let at = 0;
        const sections = parts.map(({ text, title }): Section => {
          const start = at;
          at += text.length + 2;
          return {
            text,
            start,
            end: start + text.length,
            page: null,
            headings: title === null ? [] : [{ level: 1, text: title }],
          };
        });
        const chunks = chunksOf(sections, size, overlap);
        const covered = new Set<number>();
        for (const chunk of chunks) {
          assert(chunk.text.length <= size);
          const { text, start } = sections[chunk.section]!;
          assert(chunk.text.endsWith(text.slice(chunk.start - start, chunk.end - start)));
          for (let i = chunk.start; i < chunk.end; i++) covered.add(i);
        }
        for (const { text, start } of sections) {
          for (let i = 0; i < text.length; i++) {
            assert(
              /\s/.test(text[i]!) || covered.has(start + i),
              `${i} of ${JSON.stringify(text)} is lost`,
            );
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
