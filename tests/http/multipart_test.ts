import { assertEquals, assertRejects } from "@std/assert";
import { parseMultipart, type PartHeader } from "../../src/http/multipart.ts";
import { InvalidRequest } from "../../src/http/validation.ts";

const encoder = new TextEncoder();

/** Parses a body that arrives in pieces of some length. */
async function parse(body: Uint8Array, boundary: string, length: number) {
  const parts: (PartHeader & { content: string })[] = [];
  async function* pieces() {
    for (let at = 0; at < body.length; at += length) yield body.subarray(at, at + length);
    await Promise.resolve();
  }
  await parseMultipart(pieces(), boundary, (header) => {
    const bytes: number[] = [];
    return Promise.resolve({
      write: (piece) => Promise.resolve(void bytes.push(...piece)),
      end: () => {
        parts.push({ ...header, content: new TextDecoder("latin1").decode(new Uint8Array(bytes)) });
        return Promise.resolve();
      },
    });
  });
  return parts;
}

Deno.test("a form comes out as it was written, in whatever pieces it arrives", async () => {
  const form = new FormData();
  form.append("tags", "a,b\r\n--b");
  form.append("empty", "");
  form.append("file", new File(["line\r\n-- not the end\r\n--\r\n"], 'na"me;x=é.txt'));
  form.append("file", new File([new Uint8Array([0, 13, 10, 45, 45, 200])], "bytes"));
  const response = new Response(form), type = response.headers.get("content-type")!;
  const boundary = /boundary=(.*)$/.exec(type)![1]!, body = await response.bytes();
  for (const length of [1, 2, 3, 7, 64, body.length]) {
    const parts = await parse(body, boundary, length);
    assertEquals(parts.map(({ name, fileName, content }) => [name, fileName, content]), [
      ["tags", undefined, "a,b\r\n--b"],
      ["empty", undefined, ""],
      ["file", 'na"me;x=é.txt', "line\r\n-- not the end\r\n--\r\n"],
      ["file", "bytes", "\0\r\n--\u00c8"],
    ]);
  }
});

Deno.test("names are read in the ways that clients write them", async () => {
  const disposition = "Content-Disposition: form-data; ";
  const parts = await parse(
    encoder.encode(
      `preamble\r\n--b\r\nContent-Type: text/plain\r\n${disposition.toLowerCase()}name=plain; ` +
        `filename="a\\"b.txt"\r\n\r\n1` +
        `\r\n--b\r\n${disposition}name="x"; filename*=utf-8''na%C3%AFve.txt\r\n\r\n2` +
        `\r\n--b\r\n${disposition}name="x"; filename="C:\\dir\\a.txt"\r\n\r\n3` +
        "\r\n--b\r\n\r\nwithout a header\r\n--b--\r\nepilogue",
    ),
    "b",
    5,
  );
  assertEquals(parts, [
    { name: "plain", fileName: 'a"b.txt', content: "1" },
    { name: "x", fileName: "naïve.txt", content: "2" },
    { name: "x", fileName: "C:\\dir\\a.txt", content: "3" },
    { name: undefined, fileName: undefined, content: "without a header" },
  ]);
});

Deno.test("a body that breaks the format is refused", async () => {
  const head = "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n";
  const bodies = ["", "no boundary", "--b", "--b\r\n", head, `${head}x`, `${head}x\r\n--b`, "--bx\r\n\r\n\r\n--b--"];
  const long = `--b\r\nContent-Disposition: form-data; name=x${'; a="\\"'.repeat(5000)}\r\n\r\n\r\n--b--`;
  for (const body of [...bodies, long]) {
    for (const length of [1, 100]) {
      await assertRejects(() => parse(encoder.encode(body), "b", length), InvalidRequest);
    }
  }
});
