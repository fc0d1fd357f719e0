// The text that a student reads for a file name: nomenclair/contract.py and names.py again, for VERSION below.
// tests/test_node.py holds both to the same answers.

export const VERSION = 13;

const COMPOUND_EXT =
  /\.(?:tar\.(?:gz|bz2|xz|zst|lz|lzma|Z)|d\.ts|min\.(?:js|css)|module\.css|spec\.(?:js|ts)|test\.(?:js|ts)|cpio\.gz|js\.map|css\.map|html\.erb|blade\.php|user\.js|svg\.gz)$/i;
const SHARED_LIBRARY = /(\.so)((?:\.[0-9]+)+)$/;
const SIMPLE_EXT = /\.([A-Za-z0-9_+~#-]{1,12})$/;
const UPPER = "A-ZÀ-ÖØ-Þ";
const LOWER = "a-zà-öø-ÿœæ";
const WORD = new RegExp(
  [
    "#",
    "[CF]#|C\\+\\+",
    "(?<![A-Za-z])[A-Za-z]{1,2}[0-9]{1,3}(?![0-9A-Za-z])",
    "(?<![0-9A-Za-z])[0-9]{1,2}[A-Z]{1,2}(?![0-9A-Za-z])",
    "[0-9]+",
    `[${UPPER}]+(?=[${UPPER}][a-zà-öø-ÿ])`,
    `[${UPPER}]?[${LOWER}]+`,
    `[${UPPER}]+`,
    "[\\p{L}\\p{Nl}\\p{No}]+",
  ].join("|"),
  "gu",
);
const CHUNK = /([0-9]+(?:\.[0-9]+)+)|([^_\s.,;:()[\]{}<>=~!?@&%$§|/\\'’ʼ-]+)/gu;
export const HEX_RUN = /(?<![0-9A-Za-z])(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{7,}(?![0-9A-Za-z])/g;
export const UUID = /[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/g;
export const ENGLISH_MONTHS = "January February March April May June July August September October November December".split(" ");
export const FRENCH_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(" ");
export const YEAR = "(?:19[5-9][0-9]|20[0-9][0-9])";
export const [MONTH, DAY] = ["(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"];
const DATE = `${YEAR}(?<mark>[-_.]?)${MONTH}\\k<mark>${DAY}`;
const [HOUR, SIXTIETH] = ["(?:[01][0-9]|2[0-3])", "[0-5][0-9]"];
const DAYTIME = `(?!${YEAR})(?:0[6-9]|1[0-9]|2[0-3])${SIXTIETH}`;
export const CLOCK = new RegExp(
  `(?<![0-9])(?<day>${DATE})` +
    `(?:(?:(?:[-_ T]| at | à )?${HOUR}[-_.:]?${SIXTIETH}[-_.:]?${SIXTIETH}(?:[0-9]{3})?|${HOUR}${SIXTIETH})(?![0-9])` +
    `|(?:[-_ T]| at | à )(?:${HOUR}[-_.:hH]${SIXTIETH}|${DAYTIME})(?![0-9A-Za-z]))`,
  "g",
);
const INTERPRETER = /\.cpython-[0-9]+(?:\.opt-[12])?$/;
const COPY_NUMBER = /(\([0-9]{1,3}\))/;
const MOST_CHARS = 120;
// No file system has a longer name, counted in bytes or in UTF-16 units.
const LONGEST = 255;
const SENSES = [3, 2, 1];

// Is the character a combining mark, of a class other than 0? Those are put before U+0345, the last of all, by NFD.
const combines = (char) => char === "\u0345" || !`\u0345${char}`.normalize("NFD").startsWith("\u0345");
const isSwapped = (pair) => pair.normalize("NFD") !== pair;
const byClass = (mark, other) => isSwapped(mark + other) - isSwapped(other + mark);

// The text decomposed, with each run of combining marks in canonical order: what NFD gives. `normalize` sorts a run by
// insertion, in the square of its length; it finds nothing left to sort here.
function inCanonicalOrder(text) {
  const runs = [[]];
  for (const char of Array.from(text, (composed) => composed.normalize("NFD")).join(""))
    if (combines(char)) runs.at(-1).push(char);
    else runs.push([char], []);
  return runs.flatMap((run) => run.sort(byClass)).join("");
}

export function readable(name) {
  const text = name.toWellFormed();
  return (text.length <= LONGEST ? text : inCanonicalOrder(text)).normalize("NFC");
}

export function splitExt(name) {
  let m = COMPOUND_EXT.exec(name);
  if (m && m.index > 0) return [name.slice(0, m.index), m[0].toLowerCase()];
  m = SHARED_LIBRARY.exec(name);
  if (m && m.index > 0) return [`${name.slice(0, m.index)} ${m[2].slice(1)}`, m[1]];
  m = SIMPLE_EXT.exec(name);
  if (!m || m.index === 0) return [name, ""];
  const stem = name.slice(0, m.index);
  const manualSection = /^[1-9]$/.test(m[1]) && !/[0-9]$/.test(stem) && /[a-z]/.test(stem);
  if (!/[A-Za-z]/.test(m[1]) && !manualSection) return [name, ""];
  return [stem, "." + m[1].toLowerCase()];
}

export function words(text) {
  return [...text.matchAll(CHUNK)].flatMap(([, version, chunk]) => (version ? [version] : (chunk.match(WORD) ?? [])));
}

// What names leave out of phrases: articles, the commonest prepositions, an English genitive's s.
export const LITTLE = new Set("a an au aux d de des du en et l la le les of s the un une".split(" "));

// What glossary.tsv.gz unpacks to as a map from a folded word or phrase to what it is in each language; what begins a phrase is a key too.
export function readGlossary(text) {
  const glossary = new Map();
  for (const line of text.split("\n").slice(0, -1)) {
    const [key, en, fr] = line.split("\t");
    glossary.set(key, { en, fr });
    for (let at = key.indexOf(" "); at > 0; at = key.indexOf(" ", at + 1)) {
      const head = key.slice(0, at);
      if (!glossary.has(head)) glossary.set(head, {});
    }
  }
  return glossary;
}

// How many of the words, from one on, the longest entry takes, and what they are in the language: for a phrase's empty cell
// the phrase again, which keeps its words together.
function longest(glossary, found, from, lang) {
  let [count, text, key] = [1, "", ""];
  for (let i = from; i < found.length; i++) {
    const folded = fold(found[i]);
    if (i > from && LITTLE.has(folded)) continue;
    key = key ? `${key} ${folded}` : folded;
    const entry = glossary.get(key);
    if (!entry) break;
    const said = entry[lang] === "" && key.includes(" ") ? key : entry[lang];
    if (said) [count, text] = [i - from + 1, said];
  }
  return [count, text];
}

// How a sense ends that is a person's name: a given name, a surname, either.
const [GIVEN, SURNAME, PERSON] = [" g", " s", " p"];
const isPerson = (sense) => [GIVEN, SURNAME, PERSON].includes(sense.slice(-2));
// Two given names, or two surnames, are two persons'.
const onePerson = (first, second) => first.slice(-2) !== second.slice(-2) || first.endsWith(PERSON);
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// The sense as a person's name of the word from which the glossary is asked, "" where it has none or begins a phrase.
function person(glossary, found, from, lang) {
  const [count, gloss] = longest(glossary, found, from, lang);
  return (count === 1 && gloss.split(", ").find(isPerson)) || "";
}

// [word or phrase, its senses] in the words' order; a given name and a surname right behind each other in the stem are one person's.
function glossed(glossary, found, lang, stem) {
  const out = [];
  for (let i = 0; i < found.length; ) {
    let [count, gloss] = longest(glossary, found, i, lang);
    let text = found.slice(i, i + count).join(" ");
    let senses = gloss && (count > 1 || gloss !== text) ? gloss.split(", ") : [];
    if (count === 1 && senses.length && isPerson(senses[0]) && i + 1 < found.length) {
      const second = person(glossary, found, i + 1, lang);
      const one = second && onePerson(senses[0], second);
      if (one && new RegExp(`${escaped(text)}[ _.-]?${escaped(found[i + 1])}`, "u").test(stem)) {
        senses = [`${senses[0].slice(0, -2)} ${second.slice(0, -2)}${PERSON}`];
        [text, count] = [`${text} ${found[i + 1]}`, 2];
      }
    }
    out.push([text, senses]);
    i += count;
  }
  return out;
}

// The words with their senses in brackets: ever fewer of each word, then one of ever fewer words from the first on.
function* tellings(pairs) {
  const told = (text, senses) => (senses.length ? `${text} [ ${senses.join(", ")} ]` : text);
  for (const most of SENSES) yield pairs.map(([text, senses]) => told(text, senses.slice(0, most))).join(" ");
  for (let last = pairs.length - 1; last >= 0; last--)
    yield pairs.map(([text, senses], i) => told(text, senses.slice(0, i < last ? 1 : 0))).join(" ");
}

export function sourceText(name, lang, glossary = new Map()) {
  const [whole, ext] = splitExt(readable(name));
  const stem = whole.replace(INTERPRETER, "").replace(CLOCK, "$<day>");
  const parts = stem.replace(UUID, " # ").replace(HEX_RUN, " # ").split(COPY_NUMBER);
  const found = parts.flatMap((part, i) => (i % 2 ? [part] : words(part)));
  let text = found.join(" ");
  const chars = [...text];
  if (chars.length > MOST_CHARS) {
    // No telling fits; trying them all takes the square of the words' number.
    const half = MOST_CHARS / 2;
    text = `${chars.slice(0, half).join("")} … ${chars.slice(-half).join("")}`;
  } else {
    for (const told of tellings(glossed(glossary, found, lang, stem))) {
      if ([...told].length > MOST_CHARS) continue;
      text = told;
      break;
    }
  }
  const kind = ext && longest(glossary, [ext], 0, lang)[1];
  return `${lang}: ${text} ${ext.slice(0, 16)}${kind ? ` [ ${kind} ]` : ""}`.trim();
}

const COUNTERS = new Set(
  ("img dsc dscn dscf pict pxl vid mvi gopr dji image photo scan document doc file fichier untitled sanstitre sans titre " +
    "nouveau new snapchat p x").split(" "),
);

// As Python's casefold, one character at a time: ß, ligatures and ς have their plain letters only as capitals, and
// behind other letters a capital Σ would become ς again.
const casefold = (char) => (char === "ı" ? char : char.toLowerCase().toUpperCase().toLowerCase());

// Lower case without accents, for comparing.
export function fold(text) {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  const plain = text.replace(/œ|Œ/g, "oe").replace(/æ|Æ/g, "ae");
  const folded = Array.from(plain, casefold).join("").normalize("NFD");
  return folded.replace(/\p{M}/gu, (mark) => (combines(mark) ? "" : mark));
}

// Does the stem say nothing to a reader: hashes, counters, random letters?
export function isOpaque(name) {
  const [stem] = splitExt(name);
  const bare = stem.replace(UUID, " ").replace(HEX_RUN, " ");
  if (bare !== stem) return !words(bare).some((word) => [...word].length > 3 && !/^[0-9]/.test(word));
  const letters = words(stem).filter((word) => !/^[0-9]/.test(word)).map((word) => word.replace(/[0-9]/g, ""));
  return letters.every((word) => COUNTERS.has(fold(word)) || [...word].length < 2 || !/[aeiouyàâäéèêëîïôöùûü]/.test(word.toLowerCase()));
}
