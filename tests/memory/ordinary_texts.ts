/**
 * Ordinary texts in many languages and notations, always the same ones, to hold text analysis to the terms it gave.
 *
 * @module
 */

const WORDS = [
  ..."the deploys deploying of our billing services run on Thursdays and Caroline's notes don't say why".split(" "),
  ..."parse_config sharedStorage HTTPServer2 ERR-4041 C++ F# 2.5.1 src/memory/text.ts user@example.org 10:45".split(
    " ",
  ),
  ..."Décisions d'équipe naïve café CAFÉ Straße ΣΊΣΥΦΟΣ İstanbul привет Мир שָׁלוֹם مرحبا नमस्ते สวัสดีครับ".split(" "),
  ..."東京都 カメラ カメラ。 안녕하세요 한국어 ﬁnance ① ½ ２０２６ e\u0301tude a\u0308o\u0308 ʻokina rock'n'roll they’re I'm"
    .split(" "),
  ...'#release key=value --flag https://unimem.example/a?b=c#d 3,141.59 $20 100% (see [this]) "quoted" “so” – — …'
    .split(" "),
];
const ENDS = [
  "",
  ".",
  "?",
  "!",
  '?"',
  "？",
  "? [shares a photo: a dog]",
  " [shares a photo: why?]",
  "?)  ",
  "؟\n",
  "] ?",
  "[?]",
];
const STARTS = [
  "",
  "",
  "",
  "Caroline: ",
  "Dr. Ana Ruiz: ",
  "  李明：",
  "lower: ",
  "Four Words Are Many: ",
  "- ",
  "> ",
  "1. ",
];

/** Mulberry32: numbers from 0 to 1, the same ones for the same seed. */
function numbers(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Texts of 1 to 60 words. */
export function ordinaryTexts(count: number): string[] {
  const next = numbers(13), pick = <T>(items: readonly T[]) => items[Math.floor(next() * items.length)]!;
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 1 + Math.floor(next() ** 2 * 60) }, () => pick(WORDS));
    const blank = () => next() < 0.9 ? " " : pick(["\n", "\n\n", "  ", "\t", ", ", ". ", "; "]);
    return pick(STARTS) + words.map((word, i) => i === 0 ? word : blank() + word).join("") + pick(ENDS);
  });
}
