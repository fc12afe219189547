/** What every storage driver does with words, tags and types of any language: part of the contract suite. */

import { assert, assertEquals } from "@std/assert";
import type { MemoryFilter } from "../../../src/memory/memory.ts";
import type { MemoryStorage } from "../../../src/storage/contract/storage.ts";
import { foundByWords, hashOf, plain } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

/** Stores contents in order, numbered from 1. */
async function storeAll(storage: MemoryStorage, contents: readonly string[]): Promise<void> {
  await storage.store(contents.map((content, i) => plain(i + 1, { content })));
}

const OTHERS = ["Milk and bread", "A note about nothing", "Deploys run on Thursdays"];
const all: MemoryFilter = {};

async function verbatim(storage: MemoryStorage, text: string): Promise<string[]> {
  return (await storage.findText(text, { filter: {}, offset: 0, limit: 10 })).memories.map(({ content }) => content);
}

async function listed(storage: MemoryStorage, filter: MemoryFilter): Promise<number[]> {
  const { memories } = await storage.list({ filter, offset: 0, limit: 50, order: "oldest" });
  return memories.map(({ content_hash }) => parseInt(content_hash.slice(0, 32), 16));
}

/** Texts with queries that must find them before all else. */
const FOUND: Record<string, [text: string, queries: string[]][]> = {
  "finds every word of a run that is longer than any word": [
    [
      `https://git.example.org/${
        "deep/".repeat(20)
      }blob/0a1b2c3d4e5f60718293a4b5c6d7e8f901234567/src/quokka_parser.ts?line=7`,
      ["0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "quokka_parser.ts", "quokka"],
    ],
    [
      "กุญแจสำรองของห้องใต้ดินแขวนอยู่หลังประตูครัวที่ตะขออันที่สองและคุณยายแพ้ถั่ววอลนัทจึงห้ามทำเค้กใส่ถั่วให้ท่านส่วนหมอฟันเลื่อนนัดของฉันไปเป็นวันพฤหัสบดีเก้าโมงเช้าเพราะคลินิกปิด",
      ["กุญแจ", "คุณยาย", "หมอฟัน", "คลินิก", "วันพฤหัสบดี"],
    ],
    [
      "地下室的备用钥匙挂在厨房门后面的第二个钩子上然后奶奶对核桃和榛子过敏所以给她的蛋糕里不能放坚果而牙医把我的预约改到了星期四上午九点因为诊所每个星期二都休息另外印刷厂所有没付的发票都在三月结清了包括滞纳金还有服务器的备份每天夜里三点运行超过三十天的副本会被删除并且开发人员决定把发布推迟两个星期",
      ["钥匙", "核桃", "牙医", "发票", "副本", "推迟"],
    ],
  ],
  "finds words of scripts without spaces": [
    ["ຂ້ອຍຢາກໄປກິນເຂົ້າຢູ່ຮ້ານອາຫານໃໝ່", ["ຮ້ານອາຫານ"]],
    ["ខ្ញុំចង់ទៅសាលារៀននៅភ្នំពេញ", ["សាលារៀន"]],
    ["ကျွန်တော် မန္တလေးမြို့မှာ နေထိုင်ပါတယ်", ["မန္တလေး"]],
    ["東京都のカメラ屋で新しいレンズを買った", ["カメラ", "東京", "レンズ"]],
    ["내일 서울에서 회의가 있습니다", ["서울", "회의"]],
  ],
  "finds symbols and emoji": [
    ["🎉 the launch went well", ["🎉"]],
    ["Approved 👍🏽 by Kiran", ["👍", "👍🏿"]],
    ["I ❤️ this", ["❤", "❤️"]],
    ["The developer 👩🏾‍💻 started", ["👩‍💻", "👩💻"]],
    ["Trip to 🇯🇵 in May", ["🇯🇵"]],
    ["Press 3️⃣ for support", ["3️⃣", "3⃣"]],
    ["Priced in € from now on", ["€"]],
    ["done → shipped", ["→"]],
  ],
  "finds words whatever their case, their accents and their Unicode form": [
    ["Die Straße ist gesperrt", ["STRASSE", "strasse", "Straße"]],
    ["IŞIK Oto taktı", ["isik", "ışık", "IŞIK", "Işık"]],
    ["ΟΔΥΣΣΕΥΣ sailed", ["οδυσσευς", "Ὀδυσσεύς", "οδυσσευσ"]],
    ["cafe\u0301 noir", ["café", "CAFE"]],
    ["œuvre complète", ["oeuvre", "ŒUVRE"]],
    ["Łódź in winter", ["lodz", "łódź"]],
    ["the ﬁnal ﬂight", ["final", "flight"]],
    ["ｆｕｌｌｗｉｄｔｈ", ["fullwidth"]],
    ["Ёлка стоит", ["елка", "ёлка"]],
    ["שָׁלוֹם עולם", ["שלום"]],
    ["مُحَمَّد هنا", ["محمد"]],
    ["हिन्दी में लिखा", ["हिन्दी"]],
  ],
  "finds inflected words by the stems of their language": [
    ["Die Rechnungen der Druckerei wurden im März bezahlt", ["Rechnung"]],
    ["Hinter dem Haus haben wir zwei Bäume gepflanzt", ["Baum"]],
    ["Les sauvegardes sont supprimées après trente jours", ["sauvegarde", "supprimer"]],
    ["L'équipe a décidé de repousser la publication", ["équipe", "l'équipe", "publications"]],
    ["Las llaves del sótano cuelgan en la cocina", ["llave"]],
    ["As faturas da gráfica foram pagas em março", ["fatura"]],
    ["Le copie più vecchie vengono cancellate dopo un mese", ["copia", "cancellata"]],
    ["De sleutels van de kelder hangen achter de deur", ["sleutel"]],
    ["Разработчики отложили выпуск на две недели", ["разработчик", "недель"]],
    ["The developers postponed the releases", ["developer", "release"]],
  ],
  "finds names and foreign words in a text of another language": [
    ["Maria ha spostato gli appuntamenti con il medico a venerdì", ["Where did Maria go?", "maria"]],
    ["Wir haben die Deployments auf Kubernetes nicht verschoben, sondern gelöscht", ["the Kubernetes deployments"]],
    ["Toplantı Ayşe için perşembe gününe alındı ve çok kısa", ["Wo ist Ayşe?", "ayse"]],
  ],
};

const FINDING = Object.fromEntries(
  Object.entries(FOUND).map(([sentence, cases]) => [
    sentence,
    async (storage: MemoryStorage) => {
      await storeAll(storage, [...OTHERS, ...cases.map(([text]) => text)]);
      for (const [text, queries] of cases) {
        for (const query of queries) {
          assertEquals((await foundByWords(storage, query))[0], text, `by ${JSON.stringify(query)}`);
        }
      }
    },
  ]),
);

/** Tests by their sentences. */
const TESTS: Record<string, (storage: MemoryStorage) => Promise<void>> = {
  ...FINDING,

  "finds a long text that holds a word often before short ones that hold it once": async (storage) => {
    const short = Array.from({ length: 60 }, (_, i) => `Note ${i}: the quokka slept under tree ${i} again today`);
    const filler = Array.from({ length: 3000 }, (_, i) => `w${i}`);
    for (const at of [200, 900, 1600, 2500]) filler[at] = "quokka";
    const long = filler.join(" ");
    await storeAll(storage, [...short, long]);
    assertEquals((await foundByWords(storage, "quokka", {}, 20))[0], long);
  },

  "leaves a word's other forms alone where they are of another language": async (storage) => {
    await storeAll(storage, [...OTHERS, "The plane was late", "The plan was late"]);
    assertEquals((await foundByWords(storage, "Which plane was it?"))[0], "The plane was late");
    assertEquals(await foundByWords(storage, "planes"), ["The plane was late"]);
  },

  "counts a word once, however many of its forms a memory has": async (storage) => {
    await storeAll(storage, [...OTHERS, "Die Rechnungen wurden bezahlt", "Die Rechnung wurde nicht gefunden"]);
    const text = "Wann wurden die Rechnungen bezahlt?";
    const { candidates, terms, words_ceiling, weights } = await storage.candidates({
      text,
      vector: null,
      filter: all,
      limit: 10,
    });
    assertEquals([...terms].sort(), ["bezahlt", "rechnungen"]);
    assertEquals(weights.length, 2);
    for (const { words } of candidates) {
      assertEquals(words.length, 2);
      assert(words[0]! + words[1]! <= words_ceiling);
    }
  },

  "finds text verbatim whatever its case, its accents and its Unicode form": async (storage) => {
    await storeAll(storage, [
      "Die Straße ist gesperrt",
      "cafe\u0301 noir, s'il vous plaît",
      "IŞIK Oto taktı",
      "the ﬁnal word on ﬂights",
      "ΟΔΥΣΣΕΥΣ sailed",
      "Milk and bread",
      "soft\u00adhyphen inside",
    ]);
    const cases: Record<string, string> = {
      "STRASSE IST": "Die Straße ist gesperrt",
      "straße ist": "Die Straße ist gesperrt",
      "die strasse ist gesperrt": "Die Straße ist gesperrt",
      "café noir": "cafe\u0301 noir, s'il vous plaît",
      "CAFE NOIR, S'IL": "cafe\u0301 noir, s'il vous plaît",
      "cafe\u0301": "cafe\u0301 noir, s'il vous plaît",
      "vous plai\u0302t": "cafe\u0301 noir, s'il vous plaît",
      "isik oto": "IŞIK Oto taktı",
      "ışık OTO": "IŞIK Oto taktı",
      "the final word on flights": "the ﬁnal word on ﬂights",
      "οδυσσεύς": "ΟΔΥΣΣΕΥΣ sailed",
      "softhyphen": "soft\u00adhyphen inside",
      "milk AND": "Milk and bread",
    };
    for (const [text, content] of Object.entries(cases)) assertEquals(await verbatim(storage, text), [content], text);
    assertEquals(await verbatim(storage, "\u0301"), []);
    assertEquals(await verbatim(storage, "\ufe0f"), []);
  },

  "filters by tags and types whatever their case, their accents and their Unicode form, and shows them as written":
    async (storage) => {
      await storage.store([
        plain(1, { tags: ["Café", "work"], memory_type: "Décision" }),
        plain(2, { tags: ["cafe\u0301", "IŞIK"], memory_type: "note" }),
        plain(3, { tags: ["Straße"], memory_type: "NOTE" }),
        plain(4, { tags: ["cafeteria", "日本語"] }),
        plain(5),
      ]);
      const tagged = (match: "any" | "all", ...values: string[]) => listed(storage, { tags: { values, match } });
      assertEquals(await tagged("any", "CAFE"), [1, 2]);
      assertEquals(await tagged("any", "café"), [1, 2]);
      assertEquals(await tagged("any", "cafe\u0301", "strasse"), [1, 2, 3]);
      assertEquals(await tagged("all", "cafe", "WORK"), [1]);
      assertEquals(await tagged("all", "cafe", "isik"), [2]);
      assertEquals(await tagged("all", "cafe", "nothing"), []);
      assertEquals(await tagged("any", "日本語"), [4]);
      assertEquals(await listed(storage, { memory_type: "decision" }), [1]);
      assertEquals(await listed(storage, { memory_type: "De\u0301cision" }), [1]);
      assertEquals(await listed(storage, { memory_type: "Note" }), [2, 3]);
      assertEquals((await storage.getByHash([hashOf(1), hashOf(2)])).map((found) => found!.tags), [
        ["Café", "work"],
        ["cafe\u0301", "IŞIK"],
      ]);
      // Changed tags are compared the same way, and those that are gone no longer.
      await storage.update(hashOf(1), { tags: ["ΣΙΣΥΦΟΣ"], memory_type: "Élan" }, 1_800_000_000);
      assertEquals(await tagged("any", "cafe"), [2]);
      assertEquals(await tagged("any", "σίσυφος"), [1]);
      assertEquals(await listed(storage, { memory_type: "elan" }), [1]);
      await storage.update(hashOf(2), { remove_tags: ["CAFÉ"] }, 1_800_000_001);
      assertEquals(await tagged("any", "cafe"), []);
      await storage.trash([hashOf(1)], { at: 1_800_000_002, reason: "" });
      await storage.restore([hashOf(1)]);
      assertEquals(await tagged("any", "σισυφοσ"), [1]);
    },
};

export function words(test: StorageTest): void {
  for (const [sentence, run] of Object.entries(TESTS)) test(sentence, run);
}
