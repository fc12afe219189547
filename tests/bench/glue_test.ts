import { assertEquals } from "@std/assert";
import { glue } from "../../bench/lib/glue.ts";

Deno.test("every second session becomes long texts without labels, and evidence follows", () => {
  const turn = (session: number, number: number, conv = "a") => ({
    id: `${conv}/D${session}:${number}`,
    conv,
    t: `Ana: ${session}.${number}`,
  });
  const docs = [
    turn(1, 1),
    turn(1, 2),
    turn(2, 1),
    turn(2, 2),
    turn(2, 3),
    turn(3, 1),
    turn(1, 1, "b"),
    turn(2, 1, "b"),
    { id: "n1", conv: null, t: "ERR-7: disk full" },
    { id: "n2:1", conv: null, t: "ERR-8: no route" },
  ];
  const qs = [{ q: "?", ev: ["a/D1:2", "a/D2:1", "a/D2:2", "a/D2:3"], conv: "a" }];
  const glued = glue({ docs, qs }, 2);
  assertEquals(glued.docs.map(({ id, t }) => [id, t]), [
    ["a/D1:1", "Ana: 1.1"],
    ["a/D1:2", "Ana: 1.2"],
    ["a/D2:1", "2.1\n2.2"],
    ["a/D2:3", "2.3"],
    ["a/D3:1", "Ana: 3.1"],
    ["b/D1:1", "Ana: 1.1"],
    ["b/D2:1", "2.1"],
    ["n1", "ERR-7: disk full"],
    ["n2:1", "ERR-8: no route"],
  ]);
  assertEquals(glued.qs[0]!.ev, ["a/D1:2", "a/D2:1", "a/D2:3"]);
  assertEquals(docs[2]!.t, "Ana: 2.1");
});
