// What no description may do: as nomenclair/guard.py.

import { DAY, ENGLISH_MONTHS, FRENCH_MONTHS, LITTLE, MONTH, YEAR, fold, isOpaque } from "./contract.mjs";

const MONTHS = new Map([...ENGLISH_MONTHS, ...FRENCH_MONTHS.map(fold)].map((word, i) => [word, (i % 12) + 1]));
const FOLDED_MONTHS = new Map([...MONTHS].map(([word, number]) => [word.toLowerCase(), number]));
const DATE = new RegExp(`(?:\\b([0-9]{1,2})(?:er)? )?\\b(${[...FOLDED_MONTHS.keys()].join("|")})\\b(?: ([0-9]{4}))?`, "g");
const EDGE = "(?<![\\p{L}\\p{N}_])";
const FRENCH_MONTH = `(?:${FRENCH_MONTHS.join("|")})(?![\\p{L}\\p{N}_])`;
const MISSPELT = new RegExp(`\uFFFD|${EDGE}[dlDL]'(?:[bcdfgjklmnpqrstvwxz][\\p{L}\\p{N}_]|[BCDFGJKLMNPQRSTVWXZ][a-zà-ÿ])|${EDGE}[0-9]{3,} ${FRENCH_MONTH}`, "u");
const FIRST = new RegExp(`${EDGE}1 (?=${FRENCH_MONTH})`, "gu");
const BARE_DAY = new RegExp(`${EDGE}de (?=[0-9]{1,2}(?:er)? ${FRENCH_MONTH})`, "gu");
const ORDINALS = new Map(
  ["first premier 1er 1st", "second deuxieme 2e 2nd", "third troisieme 3e 3rd", "fourth quatrieme 4e 4th"].flatMap((words, i) =>
    words.split(" ").map((word) => [word, i + 1]),
  ),
);
const PERIOD = new RegExp(`\\b(${[...ORDINALS.keys()].join("|")}) (quarter|trimestre|half|semestre)\\b`, "g");
const MANY = /\b(?:semestre|trimestre|semester|quarter) ([0-9]{2})(?![0-9])/g;
const SEASON = /\b(?:season|saison) 0*([0-9]+)/g;
// A season or an episode with letters behind its number: the next number's, or a picture's height.
const LETTERED = /\b(?:season|saison|episode) 0*([0-9]+[a-z]+)/g;
const YEARS = /(?<![0-9])((?:19|20)[0-9]{2})[-_ /]((?:19|20)[0-9]{2})(?![0-9])/g;
const SERIAL = /(?<![0-9-])([12][0-9]{3})-(?!(?:19[5-9]|20[0-9])[0-9])([0-9]{3,})(?![0-9-])/g;
// A month of a year as if it were a counter; a name says "no" where it is one.
const MONTH_COUNTED = new RegExp(`\\b(?:n° |no\\. )(${YEAR}[-_/]${MONTH})(?![0-9-])`, "g");
const NUMBERED = /(?<![a-z])(?:n|no|nr|num|numero|number)[°º_. -]*$/;
const BETWEEN = /(?<![\p{L}\p{N}_])(?:to|and|à|et|au|until|through)(?![\p{L}\p{N}_])/gu;
const GAP = /(?<=[\p{L}\p{N}])([-_]) (?!(?:and|or|et|ou)(?![\p{L}\p{N}_]))(?=[\p{L}\p{N}])/gu;
const TWICE = /(?<![\p{L}\p{N}_])([\p{L}\p{Nl}\p{No}]{4,}) \1(?![\p{L}\p{N}_])/gu;
const HYPHENATED = /(?<![\p{L}\p{N}_-])[\p{L}\p{Nl}\p{No}]+(?:-[\p{L}\p{N}]+){2,}/gu;
const BESIDE_KIND = new Set([
  ...LITTLE,
  ...("no n from for without sans copy copie version untitled titre title new nouveau nouvelle photo image " +
    "picture scan numerisation scannee video audio recording enregistrement document data donnees temporary temporaire " +
    "compressed compresse compressee").split(" "),
]);
const ENDINGS = ["", "s", "x", "e", "es", "ne", "nes"];
const SHORT = 3;
const MOST_TIMES = 2;

const wordsOf = (text) => text.match(/[\p{L}\p{Nl}\p{No}]+/gu) ?? [];
const bare = (number) => number.replace(/^0+/, "");
const without = (word, ending) => (ending && word.endsWith(ending) ? word.slice(0, -ending.length) : word);

const spelled = (folded, month) => [...MONTHS].some(([word, n]) => n === month && folded.includes(word.slice(0, 3).toLowerCase()));

// Does the name hold these digits of a date, separated or not?
function isWritten(parts, withDay, name) {
  const digits = parts.filter(Boolean).join(parts.some((part) => part.length === 1) ? "[^0-9]+" : "[^0-9]*");
  if (withDay && parts.every((part) => part.length !== 1)) return new RegExp(digits).test(name);
  if (withDay) return new RegExp(`(?<![0-9])${digits}(?![0-9])`).test(name);
  return new RegExp(`(?:(?<![0-9])|${DAY}[^0-9]?)${digits}(?:(?![0-9])|[^0-9]?${DAY})`).test(name);
}

// Does the text hold a date whose day, month and year do not stand side by side in the name's digits?
function falseDate(folded, text) {
  for (const [, day = "", word, year = ""] of fold(text).matchAll(DATE)) {
    const month = FOLDED_MONTHS.get(word);
    if ((!day && !year) || spelled(folded, month)) continue;
    const written = [day, day && day.padStart(2, "0")].flatMap((d) =>
      [String(month), String(month).padStart(2, "0")].flatMap((m) =>
        [year, year.slice(2)].flatMap((y) => [[y, m, d], [d, m, y], [m, d, y]]),
      ),
    );
    if (!written.some((parts) => isWritten(parts, Boolean(day), folded))) return true;
  }
  return false;
}

// Is there a quarter, a half year or a season other than the name's? Both texts are folded.
function falsePeriod(name, text) {
  for (const [, word, unit] of text.matchAll(PERIOD)) {
    const [letters, said] = ["quarter", "trimestre"].includes(unit) ? ["tq", "trim|quarter|term"] : ["sh", "sem|half|temps"];
    const number = ORDINALS.get(word);
    if (!new RegExp(`[${letters}]0?${number}(?![0-9])|(?<![0-9])${number}[${letters}](?![a-z])|${said}`).test(name)) return true;
  }
  for (const [, number] of text.matchAll(MANY)) if (new RegExp(`[sqt]${number}(?![0-9])`).test(name)) return true;
  const numbers = (pattern) => [...text.matchAll(pattern)].map(([, number]) => number);
  const otherSeason = (number) => !new RegExp(`s0*${number}(?![0-9])|(?<![0-9])0*${number}x|saison|season`).test(name);
  const other = (number) => !new RegExp(`(?:s|saison|season|e|ep|episode)[ _.-]*0*${number}(?![0-9a-z])`).test(name);
  return numbers(SEASON).some(otherSeason) || numbers(LETTERED).some(other);
}

// Do two years stand side by side in the name, and in the text apart or cut short?
const yearsTorn = (name, text) =>
  [...name.matchAll(YEARS)].some(([, first, second]) => {
    const found = new RegExp(`\\b${first}\\b(.*)\\b${second}\\b`).exec(text);
    const beside = new RegExp(`\\b${first}[-/]([0-9]+)`).exec(text);
    const apart = found && wordsOf(found[1].replace(BETWEEN, "")).length > 0;
    return first < second && (apart || (beside && ![second, second.slice(2)].includes(beside[1])));
  });

// Are there words joined by hyphens of which the first two stand so in the name, and another does not stand there? Both texts are folded.
const halfCopied = (name, text) => {
  const stood = name.split(/[^\p{L}\p{N}]+/u);
  const joined = "-" + stood.join("-");
  const inflected = (word) => stood.some((part) => [...part].length >= SHORT && word.startsWith(part));
  return [...text.matchAll(HYPHENATED)].some(([part]) => {
    const [first, second, ...others] = part.split("-");
    const madeUp = (word) => !LITTLE.has(word) && !joined.includes(word) && !inflected(word);
    return joined.includes(`-${first}-${second}`) && others.some(madeUp);
  });
};

// The text with a day of a month as French writes it, and no gap inside a word.
export const mended = (text) => text.replace(FIRST, "1er ").replace(BARE_DAY, "du ").replace(GAP, "$1");

// Is there a number, a month, a period, a loop or a word in the text that neither the name nor its language's `words` give? Has an opaque name
// got a subject? Is its kind not told? `kind` is the name's: {pattern, en, fr, marks}, `source` what the model read for it, `named` whether texts are to name their kind.
export function faulty(name, text, words, kind, source, named = true) {
  const opaque = isOpaque(name);
  const folded = fold(name);
  const runs = name.match(/[0-9]+/g) ?? [];
  const given = [...runs, ...(kind.en.match(/[0-9]+/g) ?? [])];
  const said = new Set(wordsOf([kind.en, kind.fr, ...kind.marks, source].join(" ")).map(fold));
  for (const number of text.match(/[0-9]+/g) ?? []) {
    const significant = bare(number) || "0";
    const year = number.match(/^(?:19|20)([0-9]{2})$/);
    if (!given.some((run) => run.includes(significant) || (year && run.includes(year[1])))) return true;
  }
  const counters = [...text.matchAll(/\b(?:n° |no\. )([0-9]+)/g)].map(([, number]) => bare(number));
  if (counters.some((number) => !given.some((run) => bare(run) === number))) return true;
  const codes = [...text.matchAll(/\b(?:n° |no\. )0*([0-9]+[A-Za-z]+)/g)].map(([, code]) => code);
  if ([...text.matchAll(SERIAL)].some(([, year, number]) => !new RegExp(`${year}[^0-9]*${number}(?![0-9])`).test(name))) return true;
  const months = [...text.matchAll(MONTH_COUNTED)].map(([, month]) => month);
  if (months.some((month) => !folded.includes(month) || !NUMBERED.test(folded.slice(0, folded.indexOf(month))))) return true;
  if (codes.some((code) => !name.toLowerCase().includes(code.toLowerCase()))) return true;
  if (falseDate(folded, text) || falsePeriod(folded, fold(text)) || yearsTorn(name, text) || MISSPELT.test(text)) return true;
  if ([...fold(text).matchAll(TWICE)].some(([, word]) => folded.split(word).length < 3)) return true;
  if ((text.match(/[\p{L}\p{N}_]+_[\p{L}\p{N}_]+/gu) ?? []).some((part) => !folded.includes(fold(part)))) return true;
  if (halfCopied(folded, fold(text))) return true;
  const counts = new Map();
  for (const word of wordsOf(text)) {
    const key = fold(word);
    const month = MONTHS.get(word) ?? MONTHS.get(key);
    if (month !== undefined) {
      const counted = runs.some((run) => run.includes(String(month).padStart(2, "0")) || run === String(month));
      if (!spelled(folded, month) && !counted) return true;
    }
    const copied = [...key].length >= SHORT && folded.includes(key);
    const forms = ENDINGS.map((ending) => without(key, ending));
    if (opaque && !copied && !forms.some((form) => said.has(form)) && !BESIDE_KIND.has(key) && !FOLDED_MONTHS.has(key)) return true;
    if ([...word].length <= SHORT) continue;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (counts.get(key) > MOST_TIMES) return true;
    // A plural's ending is no capital (`QHttpS` is no QHttp), unless all letters are.
    const whole = /\p{Uppercase}$/u.test(word) && /[\p{Lowercase}\p{Lt}]/u.test(word);
    const known = whole ? [key] : forms;
    if (!known.some((form) => words.has(form) || FOLDED_MONTHS.has(form) || folded.includes(form))) return true;
  }
  return named && kind.pattern !== "" && !namedIn(kind, text);
}

// Does the text name the kind? Accents, case and endings do not count; a short mark is a whole word.
function namedIn(kind, text) {
  const plain = (part) => fold(part).replace(/[^\p{L}\p{N}_+#]+/gu, " ");
  const padded = ` ${plain(text)} `;
  return kind.marks.map(plain).some((mark) => padded.includes([...mark].length > 2 ? ` ${mark}` : ` ${mark} `));
}
