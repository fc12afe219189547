import { assert, assertEquals } from "@std/assert";
import { baseName } from "../../src/documents/formats.ts";
import { fixture, outline, parse, refusal } from "./helpers.ts";

Deno.test("a PDF gives headings, paragraphs and pages", async () => {
  const document = await parse(await fixture("three-pages.pdf"), "manual.pdf");
  assertEquals(document.title, "Operations manual");
  assertEquals(document.pages, 3);
  assertEquals(document.sections.map(({ page }) => page), [1, 1, 2, 3]);
  const [title, restart, escalation, retention] = outline(document);
  assertEquals(title, "Operations manual | 1 | ");
  assert(
    restart!.startsWith(
      "Operations manual/Restart | 1 | Restart the queue worker when lag exceeds five minutes.\n\nThe",
    ),
  );
  assertEquals(
    escalation,
    "Operations manual/Escalation | 2 | Page the on-call engineer and open an incident channel.\n\n" +
      "Ada leads the core team; Lin leads the edge team.",
  );
  assertEquals(retention, "Operations manual/Retention | 3 | Backups are kept for thirty-five days, then removed.");
});

Deno.test("a PDF that only forbids printing is read, one with a password is not", async () => {
  assertEquals((await parse(await fixture("printing-only.pdf"), "a.pdf")).pages, 3);
  assertEquals(await refusal(await fixture("encrypted.pdf"), "a.pdf"), [
    "invalid_input",
    'Cannot read "a.pdf": it is encrypted; save it without a password',
  ]);
});

Deno.test("a broken PDF and one without text say so", async () => {
  assertEquals(
    (await refusal(await fixture("broken.pdf"), "a.pdf"))[1],
    `Cannot read "a.pdf": it is broken: its structure is not a PDF's`,
  );
  assertEquals(
    (await refusal(await fixture("scan.pdf"), "a.pdf"))[1],
    'Cannot read "a.pdf": none of its 2 pages holds text; a scan needs text recognition first',
  );
});

Deno.test("a DOCX gives headings, lists and table rows", async () => {
  const document = await parse(await fixture("runbook.docx"), "runbook.docx");
  assertEquals(document.title, "Runbook & notes");
  assertEquals(outline(document), [
    " |  | For the people on call.",
    "Runbook |  | Restart the queue worker when lag exceeds five minutes.",
    "Runbook/Escalation |  | - Page the on-call engineer.\n- Open an incident channel.",
    "Runbook/Teams |  | name | team\nAda | core\nLin | edge\n\nGrüße, 東京 – the end.",
  ]);
});

Deno.test("documents over a limit are refused before they cost more", async () => {
  const small = { maxUnpackedBytes: 16 << 20 };
  assertEquals(await refusal(await fixture("bomb.docx"), "a.docx", small), [
    "too_large",
    'Cannot read "a.docx": it unpacks to more than 16 MB',
  ]);
  assertEquals(await refusal(await fixture("three-pages.pdf"), "a.pdf", { maxPages: 2 }), [
    "too_large",
    'Cannot read "a.pdf": it has 3 pages; the limit is 2',
  ]);
  assertEquals(
    (await refusal("x".repeat(11), "a.txt", { maxBytes: 10 }))[1],
    'Cannot read "a.txt": it has 11 bytes; the limit is 10',
  );
  assertEquals(
    (await refusal(await fixture("runbook.docx"), "a.docx", { maxCharacters: 50 }))[1],
    'Cannot read "a.docx": its text is longer than 50 characters',
  );
});

Deno.test("a type that can't be read is named with those that can", async () => {
  const [code, message] = await refusal("MZ", "folder/x.exe");
  assertEquals(code, "unsupported");
  assertEquals(
    message,
    'Cannot read "x.exe": unsupported file type .exe. Supported: .pdf, .docx, .md, .markdown, .html, .htm, .txt, .text, ' +
      ".log, .rst, .csv, .tsv, .json, .jsonl, .ndjson",
  );
  assertEquals(
    (await refusal("x", "README"))[1].slice(0, 55),
    'Cannot read "README": it has no file extension. Support',
  );
});

Deno.test("a file with another type's content is refused with what it is", async () => {
  const pdf = await fixture("three-pages.pdf");
  assertEquals((await refusal(pdf.slice(), "a.txt"))[1], 'Cannot read "a.txt": it is not text but a PDF file');
  assertEquals(
    (await refusal(pdf.slice(), "a.docx"))[1],
    'Cannot read "a.docx": it is not a Word document but a PDF file',
  );
  assertEquals((await refusal("plain", "a.pdf"))[1], 'Cannot read "a.pdf": it is not a PDF file');
  assertEquals(
    (await refusal(new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0, 0]), "a.docx"))[1],
    'Cannot read "a.docx": it is encrypted, or a file of an older Word; save it as .docx without a password',
  );
  assertEquals(
    (await refusal(await fixture("cut.docx"), "a.docx"))[1],
    'Cannot read "a.docx": it is broken: it is not a whole ZIP archive',
  );
});

Deno.test("of a path only the last part counts, in either notation", () => {
  const names = ["../../etc/passwd", "C:\\Users\\x\\a.txt", "/a\0b.txt", "..", "", "a/..", "日本.md"];
  assertEquals(names.map(baseName), ["passwd", "a.txt", "ab.txt", "document", "document", "document", "日本.md"]);
});
