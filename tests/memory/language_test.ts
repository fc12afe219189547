import { assert, assertEquals } from "@std/assert";
import { languageOf } from "../../src/memory/language.ts";
import { analyseText } from "../../src/memory/text.ts";
import { readDataset } from "../../bench/lib/dataset.ts";
import { assertLinear } from "../hostile/growth.ts";

const TEXTS: Record<string, string[]> = {
  en: [
    "The deploys of our billing services run on Thursdays",
    "I don't know what he's doing there",
    "Where is the key?",
  ],
  de: ["Die Rechnung wurde im März bezahlt", "Der Server ist nicht erreichbar", "Wo hängt der Schlüssel?"],
  fr: ["La facture a été réglée en mars", "L'équipe n'a pas décidé", "Où est la clé de la cave ?"],
  es: ["La factura se pagó en marzo", "¿Dónde están las llaves?", "El servidor no responde desde ayer"],
  pt: ["A fatura foi paga em março", "Onde estão as chaves da cave?", "O servidor não responde desde ontem"],
  it: ["La fattura è stata pagata a marzo", "Dove sono le chiavi della cantina?", "Il server non risponde da ieri"],
  nl: ["De factuur is in maart betaald", "Waar zijn de sleutels van de kelder?", "De server reageert niet meer"],
  ru: ["Счёт оплатили в марте", "Где ключи от подвала?", "Сервер не отвечает со вчерашнего дня"],
  uk: ["Рахунок сплатили в березні, але ключі ще не знайшли"],
  bg: ["Фактурата беше платена през март, а ключовете са зад вратата"],
  tr: ["Fatura martta ödendi ve anahtar kapının arkasında"],
  pl: ["Faktura została zapłacona w marcu, ale klucze są za drzwiami"],
  zh: ["发票三月就付了"],
  ja: ["請求書は三月に支払った"],
  ko: ["송장은 3월에 지불되었습니다"],
  th: ["ใบแจ้งหนี้จ่ายแล้วในเดือนมีนาคม"],
  lo: ["ຂ້ອຍຢາກໄປກິນເຂົ້າ"],
  km: ["ខ្ញុំចង់ទៅសាលារៀន"],
  my: ["ကျွန်တော် မန္တလေးမြို့မှာ နေထိုင်ပါတယ်"],
  ar: ["تم دفع الفاتورة في مارس"],
  fa: ["فاتورە در ماه مارس پرداخت شد و کلید پشت در است"],
  he: ["החשבונית שולמה במרץ"],
  hi: ["चालान मार्च में चुकाया गया"],
  el: ["Το τιμολόγιο πληρώθηκε τον Μάρτιο"],
};

Deno.test("a sentence tells its language", () => {
  for (const [language, texts] of Object.entries(TEXTS)) {
    for (const text of texts) assertEquals(languageOf(text), language, text);
  }
});

Deno.test("what says nothing of its language has none", () => {
  for (
    const text of ["", "   ", "12:45", "Kubernetes 1.31", "parse_config()", "🎉🎉", "Caroline", "ERR-4041", "\ud800"]
  ) {
    assertEquals(languageOf(text), null, text);
  }
});

Deno.test("texts of the languages' sets are told, and the same by what indexes them", async () => {
  for (const language of ["en", "de", "fr", "es", "pt", "it", "nl", "ru", "tr", "zh", "ja", "th"]) {
    const { docs } = await readDataset(new URL(`../../bench/languages/${language}.json`, import.meta.url).pathname);
    const told = docs.filter(({ t }) => languageOf(t) === language),
      indexed = docs.filter(({ t }) => analyseText(t).language === language);
    const missed = docs.filter(({ t }) => languageOf(t) !== language).map(({ t }) => `${languageOf(t)}: ${t}`);
    assert(told.length >= 26, `${language}: ${missed.join("\n")}`);
    assert(indexed.length >= 26, language);
    const wrong = docs.filter(({ t }) => ![language, null].includes(languageOf(t)));
    assert(wrong.length <= 1, `${language}: ${wrong.map(({ t }) => `${languageOf(t)}: ${t}`).join("\n")}`);
  }
});

Deno.test("the language of a text is told in time that grows with its length only", () => assertLinear(languageOf));
