/**
 * Function words by language, folded: they carry the least content and identify the language best.
 *
 * Of languages that are stemmed, the lists are those words of Snowball's stop word lists that occur most, with question
 * words; of others, as many as it takes to tell them from their neighbours.
 *
 * @module
 */

import { fold } from "./fold.ts";

const LISTS = {
  en: `a an and are as at be been being but by am is was were it its if in into no not of on or such that the
    their then there these they this to will with from about also any some than so just
    i me my you your yours we our us he his him she her hers them
    what which who whom whose when where why how do does did done has have had
    would could should can might must
    im ive youre youve theyre theyve weve hes shes isnt arent wasnt werent dont doesnt didnt hasnt havent
    hadnt cant couldnt wont wouldnt shouldnt whats whos wheres whens hows thats theres`,
  de: `aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist da damit
    dann das dass dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch
    ein eine einem einen einer eines er es etwas euch euer eure für gegen habe haben hat hatte hatten hast hier hin
    hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ist ja jede jedem jeden jeder jedes jetzt kann kein keine
    keinem keinen können könnte mal man mein meine meinem meinen meiner mich mir mit muss müssen nach nicht nichts noch
    nun nur ob oder ohne schon sehr sein seine seinem seinen seiner sich sie sind so soll sollen sollte sondern über um
    und uns unser unsere unserem unseren unter viel vom von vor wann war waren warum was weil welche welchem welchen
    welcher welches wem wen wenn wer werde werden wessen wie wieder will wir wird wo wollen wollte wurde wurden während
    würde woher wohin womit wofür zu zum zur zwischen seit immer`,
  fr:
    `a ai ainsi alors après as au aucun aucune aussi autre aux avait avant avec avez avoir avons c ça car ce cela ces cet
    cette ceux chaque chez ci comme comment d dans de depuis des deux donc dont du elle elles en encore entre es est et
    étaient était être eu eux fait faut il ils j je jusque l la le les leur leurs lors lui m ma mais me même mes moi
    mon n ne ni nos notre nous on ont ou où par parce pas pendant peu peut plus pour pourquoi qu quand que quel quelle
    quelles quels qui quoi s sa sans se sera ses si son sont sous sur t ta te tes toi ton tous tout toute toutes très tu
    un une vers vos votre vous y combien lequel laquelle`,
  es: `a al algo algunos ante antes aquel como con contra cual cuales cuándo cuando cuánto cuántos cuántas de del desde
    donde dónde dos durante e el ella ellas ellos en entre era eran es esa esas ese eso esos esta está están estas este
    esto estos fue fueron ha había han has hasta hay he la las le les lo los más me mi mis mucho muchos muy nada ni no
    nos nosotros nuestra nuestro o os otra otras otro otros para pero poco por porque qué que quién quien quiénes se sea
    según ser será si sí sin sobre son soy su sus también tanto te tengo tenemos tenía tiene tienen todo todos todas tu
    tus un una uno unos y ya yo hemos estaba usted ustedes cuál`,
  pt:
    `a à ao aos as às até com como da das de dela dele delas deles depois do dos e é ela elas ele eles em entre era eram
    essa esse esta está estão este eu foi foram há isso isto já lhe mais mas me mesmo meu meus minha minhas muito na não
    nas nem no nos nós nossa nosso num numa o onde os ou para pela pelas pelo pelos por porque qual quais quando quanto
    quantos quantas que quê quem se seja sem ser será seu seus só sobre sua suas também te tem têm temos tenho tinha
    tudo um uma umas uns você vocês vai foi estava isso cada ainda`,
  it:
    `a abbiamo ad ai agli al alla alle allo anche ancora avevo aveva c che chi ci coi col come con contro cosa cui da dal
    dalla dalle dallo dai degli dei del dell della delle dello di dopo dove due e è ed era erano essere fa fra gli ha
    hai hanno ho i il in io l la le lei li lo loro lui ma mi mia mie miei mio molto ne negli nei nel nella nelle nello
    noi non nostra nostro o ogni per perché più poi prima qual quale quali quando quanto quanti quante quanta quella
    quelle quelli quello questa queste questi questo qui sarà se sei senza si sia siamo sono sta stata stato su sua sue
    sugli sui sul sulla sulle suo suoi te ti tra tu tua tuo tutti tutto un una uno vi voi`,
  nl: `aan al alle alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen
    geweest haar had heb hebben heeft hem het hier hij hoe hoeveel hun iemand iets ik in is ja je jij jullie kan kon
    kunnen maar me meer men met mij mijn moet moeten na naar niet niets nog nu of om omdat onder ons onze ook op over
    reeds te tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was wat we welk welke werd
    werden wezen wie wij wil worden wordt zal ze zei zelf zich zij zijn zo zonder zou zodat`,
  ru:
    `а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее если есть
    еще ею же за здесь и из или им их к как какая какие какой каких когда кого который которая которые которых кто куда
    ли либо мне много может мой моя мы на над надо наш наша не него нее нет ни них но ну о об один он она они оно от
    очень по под при почему с сам свой своя себе себя со сколько так такой там тебя тем то того тоже той только том ты
    у уже чего чей чем что чтобы чье чья эта эти это этого этой этом этот я какую каком какого`,
  tr: `bir bu ve için ile çok daha ne gibi kadar olan olarak değil var yok mi mı mu mü ben sen biz siz onun şu ama veya
    ya da de ki en sonra önce her nasıl neden nerede hangi kim kaç zaman oldu olduğu ediyor edildi ise bütün şey`,
  pl: `i w na z do nie się że to jest jak o po od dla za przez przy był była było są ale czy tylko już może jego jej ich
    który która które co gdzie kiedy kto dlaczego ile oraz lub bardzo więc tak także ten ta te tego tej tym`,
  sv: `och att det som en ett på är av för med den till inte har de om jag vi han hon var när hur varför eller men från
    kan ska skulle så också där vad vilken vem sig sin mycket efter`,
  da: `og at det som en et på er af for med den til ikke har de om jeg vi han hun var når hvordan hvorfor eller men fra
    kan skal skulle så også der hvad hvilken hvem sig sin meget efter blev hvor være`,
  no: `og at det som en et på er av for med den til ikke har de om jeg vi han hun var når hvordan hvorfor eller men fra
    kan skal skulle så også der hva hvilken hvem seg sin mye etter ble hvor være`,
  fi: `ja on ei että se oli ovat hän minä sinä me te he mutta tai kun kuin joka jotka myös niin mitä missä milloin miksi
    kuka miten ollut olla tämä nämä sen hänen sitä vain jos`,
  cs:
    `a i v ve na se je že to s z ze do by byl byla bylo jsou jsem ale jako pro po o u od za který která které co kde kdy
    kdo proč jak nebo také už jen při podle tak není`,
  hu: `a az és hogy nem is egy van volt meg de ha csak már még mint vagy ez azt ezt ki mi hol mikor miért hogyan nagyon
    kell lesz minden után`,
  ro: `și în la de cu nu pe o un este sunt că care din pentru mai ce a fost au am să se le lui ei când unde cine cum de
    ce sau dar după foarte`,
  id: `dan yang di ke dari untuk dengan ini itu tidak adalah pada saya kami kita anda dia mereka akan telah sudah ada
    atau juga dalam apa siapa kapan mana bagaimana mengapa berapa oleh sebagai`,
  vi: `không được những người trong này của với như cũng rất nhưng khi một tôi bạn đâu`,
  ca: `i el la els les de del que és en amb per un una no ha han són va van aquest aquesta com quan on qui què més però
    també molt al dels ser fins perquè seva seu`,
  hr: `i u na je se da su za od s sa ne ali ili kao što koji koja koje gdje kada tko kako zašto bio bila bilo već samo
    nije biti ja ti on ona mi vi oni njegov`,
  uk:
    `і й в у на з до не що це як та але або від за про для він вона вони ми ви є був була було який яка які де коли хто
    чому скільки також вже дуже при його її їх`,
} as const;

/** Words that tell a language as well, but name things too, so that a query may ask for them. */
export const TELLING_WORDS: Partial<Record<ListedLanguage, string>> = { fr: "été" };

/** A language whose function words are known, as an ISO 639-1 code. */
export type ListedLanguage = keyof typeof LISTS;

/** Languages whose function words are known. */
export const LISTED = Object.keys(LISTS) as readonly ListedLanguage[];

const folded = new Map<ListedLanguage, ReadonlySet<string>>();

export function isListed(language: string | null): language is ListedLanguage {
  return language !== null && Object.hasOwn(LISTS, language);
}

/** Function words of a language, folded; made when they are first asked for, since most starts need none at once. */
export function functionWords(language: ListedLanguage): ReadonlySet<string> {
  let words = folded.get(language);
  if (words === undefined) folded.set(language, words = new Set(LISTS[language].split(/\s+/).map(fold)));
  return words;
}
