import { assertEquals } from "@std/assert";
import { metadataRole, roleOf } from "../../src/memory/role.ts";
import { analyse } from "../../src/memory/text.ts";
import { asksIn, isNamed, mayName, roleIn, turnFeatures } from "../../src/memory/turn.ts";

const featuresOf = (text: string) => turnFeatures(text, analyse(text).length);

Deno.test("a role is read from a label at the head, however exports write it", () => {
  const roles = [
    ["User: where is it?", "user"],
    ["human: hello", "user"],
    ["**Assistant:** Here it is", "assistant"],
    ["### AI: Sure", "assistant"],
    ["[System]: be brief", "system"],
    ["tool:{}", "tool"],
    ["助手: 好", null],
    ["Users: seven of them", null],
    ["The user: a definition", null],
    ["Assistant without a colon", null],
  ] as const;
  for (const [text, role] of roles) assertEquals(roleIn(featuresOf(text).bits), role, text);
});

Deno.test("metadata name the role before the label does, and what they name otherwise doesn't count", () => {
  assertEquals(roleOf({ content: "Assistant: hi", metadata: { role: "user" } }), "user");
  assertEquals(roleOf({ content: "Assistant: hi", metadata: { role: "captain" } }), "assistant");
  assertEquals(roleOf({ content: "hi", metadata: {} }), null);
  assertEquals(metadataRole({ role: " Assistant " }), "assistant");
  for (const role of [null, 7, ["user"], { name: "user" }]) assertEquals(metadataRole({ role }), null);
});

Deno.test("a label with capitals names who speaks, one in lower case only among labelled turns", () => {
  const caroline = featuresOf("Caroline: I went there"),
    elise = featuresOf("elise: me too"),
    note = featuresOf("I went");
  assertEquals(caroline.speaker, analyse("Caroline"));
  assertEquals(featuresOf("Dr. Ana Ruiz: come in").speaker, analyse("Dr. Ana Ruiz"));
  assertEquals(elise.speaker, analyse("elise"));
  const among = (...turns: { bits: number }[]) => () => turns.some(({ bits }) => mayName(bits));
  assertEquals(isNamed(caroline.bits, among()), true);
  assertEquals(isNamed(elise.bits, among(note)), false);
  assertEquals(isNamed(elise.bits, among(note, caroline)), true);
  assertEquals(isNamed(elise.bits, among(elise)), true);
  assertEquals(isNamed(note.bits, among(caroline, elise)), false);
});

Deno.test("what is no name is no label: a role, an address, a sentence before a colon", () => {
  for (const text of ["User: hi", "https://example.org: see", "what I mean is this: no", "10:42 it failed"]) {
    assertEquals(featuresOf(text).speaker, [], text);
  }
});

Deno.test("a short turn that ends by asking is told apart, a long one isn't", () => {
  assertEquals(asksIn(featuresOf("How are you?").bits), true);
  assertEquals(asksIn(featuresOf("Fine.").bits), false);
  assertEquals(asksIn(featuresOf(`${"I moved to Rome and work there. ".repeat(8)}Can you help?`).bits), false);
});

Deno.test("a head of any length is read in the same time", () => {
  for (const text of [" ".repeat(1e6), "A".repeat(1e6), "Ab ".repeat(4e5), "*".repeat(1e6), `${"[".repeat(1e6)}:`]) {
    turnFeatures(text, 1e5);
  }
});
