import { assertEquals } from "@std/assert";
import { outline, parse, refusal, utf8 } from "./helpers.ts";

Deno.test("Markdown keeps front matter and a short first section", async () => {
  const document = await parse(
    '---\ntitle: "The runbook"\ntags: [ops]\n---\n# Runbook\n\nShort.\n\n## Escalation\n\nPage *someone*.\n\n```sh\n# not a heading\n```\n\nUnderlined\n----------\n\nEnd.\n',
    "runbook.md",
  );
  assertEquals(document.title, "The runbook");
  assertEquals(outline(document), [
    ' |  | title: "The runbook"\ntags: [ops]',
    "Runbook |  | Short.",
    "Runbook/Escalation |  | Page *someone*.\n\n```sh\n# not a heading\n```",
    "Runbook/Underlined |  | End.",
  ]);
  for (const { start, end, text } of document.sections) assertEquals(document.text.slice(start, end), text);
});

Deno.test("Markdown headings lose their markup and return to their level", async () => {
  const document = await parse(
    "### Deep `code_name` #\na\n# **Top** [link](http://x.y)\n## my_var_name\nb\n#tag is text\n---\nc",
    "a.md",
  );
  assertEquals(outline(document), [
    "Deep code_name |  | a",
    "Top link |  | ",
    "Top link/my_var_name |  | b\n#tag is text\n---\nc",
  ]);
});

Deno.test("HTML gives what a reader sees", async () => {
  const document = await parse(
    `<!doctype html><html><head><title>Ops &amp; more</title><style>p{}</style></head><body><nav>Home</nav>
     <p>Intro&nbsp;text<br>second line</p><h1>Run<b>book</b></h1><ul><li>one</li><li><p>two</p><ul><li>deeper</li></ul></ul>
     <h2>Teams</h2><table><tr><th>name<th>team<tr><td>Ada<td>core, <i>lead</i></table><script>alert(1)</script>
     <pre>a
  b</pre><p hidden>secret</p><div>Loose <img alt="a chart"> words</div></body>`,
    "a.html",
  );
  assertEquals(document.title, "Ops & more");
  assertEquals(outline(document), [
    " |  | Intro text\nsecond line",
    "Runbook |  | - one\n- two\n  - deeper",
    "Runbook/Teams |  | name | team\nAda | core, lead\n\na\n  b\n\nLoose a chart words",
  ]);
});

Deno.test("HTML in the encoding it names", async () => {
  const bytes = new Uint8Array([...utf8('<meta charset="iso-8859-2"><p>'), 0xb3, ...utf8("</p>")]);
  const document = await parse(bytes, "a.htm");
  assertEquals([document.text, document.encoding], ["ł", "iso-8859-2"]);
});

Deno.test("CSV rows stand beside their column names", async () => {
  const document = await parse('name,team,note\nAda,core,"says ""hi"", often\ntwice"\nLin,edge,\n', "teams.csv");
  assertEquals(outline(document), [
    ' |  | name: Ada, team: core, note: says "hi", often twice\n\nname: Lin, team: edge',
  ]);
  const semicolons = await parse("name;price\nBolt;1,20\nNut;0,80\n", "parts.csv");
  assertEquals(outline(semicolons), [" |  | name: Bolt, price: 1,20\n\nname: Nut, price: 0,80"]);
  assertEquals(outline(await parse("1,2\n3,4\n", "numbers.csv")), [" |  | 1, 2\n\n3, 4"]);
  assertEquals(outline(await parse("a\tb\n1\t2,3\n", "x.tsv")), [" |  | a: 1, b: 2,3"]);
});

Deno.test("a CSV whose quote is never closed names the row", async () => {
  assertEquals(
    (await refusal('name,note\nAda,"open\nLin,x\n', "a.csv"))[1],
    'Cannot read "a.csv": it is not valid CSV: a quoted value is never closed in row 2',
  );
});

Deno.test("JSON becomes lines of keys and values", async () => {
  const document = await parse(
    JSON.stringify({
      name: "unimem",
      tags: ["a", "b"],
      server: { port: 8000, tls: { on: false } },
      users: [{ id: 1, roles: [{ r: "x" }] }, { id: 2 }],
    }),
    "config.json",
  );
  assertEquals(document.title, "unimem");
  assertEquals(outline(document), [
    " |  | name: unimem\ntags: a, b",
    "server |  | port: 8000\ntls.on: false",
    "users |  | id: 1\nroles.1.r: x\n\nid: 2",
  ]);
  assertEquals(outline(await parse('{"a":1}\n\n{"a":[2,3]}\n', "a.jsonl")), [" |  | a: 1\n\na: 2, 3"]);
});

Deno.test("broken JSON says where", async () => {
  assertEquals(
    (await refusal('{\n  "a": 1,\n  b\n}', "a.json"))[1],
    'Cannot read "a.json": it is not valid JSON: Expected double-quoted property name at line 3, column 3',
  );
  assertEquals((await refusal('{"a":', "a.json"))[1], 'Cannot read "a.json": it is not valid JSON: it ends too early');
  assertEquals(
    (await refusal('{"a":1}\n{"a":x}', "a.jsonl"))[1],
    'Cannot read "a.jsonl": it is not valid JSON: line 2: unexpected "x"',
  );
  assertEquals(
    (await refusal("[".repeat(5000) + "]".repeat(5000), "a.json"))[1],
    'Cannot read "a.json": its values are nested deeper than 200 levels',
  );
});

Deno.test("text in UTF-8, UTF-16 and Latin-1 reads the same", async () => {
  const text = "Grüße aus Köln.\nZweite Zeile.";
  const utf16 = (littleEndian: boolean, mark: boolean) => {
    const bytes = new DataView(new ArrayBuffer((text.length + (mark ? 1 : 0)) * 2));
    [...(mark ? "\ufeff" : ""), ...text].forEach((unit, i) => bytes.setUint16(i * 2, unit.charCodeAt(0), littleEndian));
    return new Uint8Array(bytes.buffer);
  };
  const cases: [Uint8Array<ArrayBuffer>, string][] = [
    [utf8(text), "utf-8"],
    [utf8(`\ufeff${text.replace("\n", "\r\n")}`), "utf-8"],
    [utf16(true, true), "utf-16le"],
    [utf16(false, true), "utf-16be"],
    [utf16(true, false), "utf-16le"],
    [Uint8Array.from(text, (character) => character.charCodeAt(0)), "windows-1252"],
  ];
  for (const [bytes, encoding] of cases) {
    const document = await parse(bytes, "a.txt");
    assertEquals([document.text, document.encoding], [text, encoding]);
  }
});

Deno.test("what is not text is refused", async () => {
  assertEquals(await refusal("", "e.txt"), ["invalid_input", 'Cannot read "e.txt": it is empty']);
  assertEquals((await refusal(" \n\t\n", "e.md"))[1], 'Cannot read "e.md": it holds no text');
  assertEquals((await refusal("", "e.csv"))[1], 'Cannot read "e.csv": it is empty');
  assertEquals((await refusal("<p> </p>", "e.html"))[1], 'Cannot read "e.html": it holds no text');
  assertEquals(
    (await refusal(new Uint8Array([1, 0, 2, 3, 0, 5, 9]), "a.txt"))[1],
    'Cannot read "a.txt": it holds binary data, not text',
  );
  assertEquals(
    (await refusal(new Uint8Array([0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00]), "a.txt"))[1],
    'Cannot read "a.txt": it is not valid UTF-16LE',
  );
});
