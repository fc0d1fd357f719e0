// What no description may do: as nomenclair/guard.py.

import { fold, isOpaque } from "./contract.mjs";

const ENGLISH = "January February March April May June July August September October November December".split(" ");
const FRENCH = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split(" ");
const MONTHS = new Map([...ENGLISH, ...FRENCH].map((word, i) => [word, (i % 12) + 1]));
const MONTHS_FOLDED = new Set([...MONTHS.keys()].map((word) => word.toLowerCase()));
const LITTLE = new Set(
  ("no n from of for without du de d sans copy copie version untitled titre title new nouveau nouvelle photo image " +
    "picture scan numerisation scannee video audio recording enregistrement document data donnees temporary temporaire " +
    "compressed compresse compressee").split(" "),
);
const ENDINGS = ["", "s", "x", "e", "es", "ne", "nes"];
const SHORT = 3;
const MOST_TIMES = 2;

const wordsOf = (text) => text.match(/\p{L}+/gu) ?? [];
const without = (word, ending) => (ending && word.endsWith(ending) ? word.slice(0, -ending.length) : word);

// Is there a number, a month, a loop or a word in the text that neither the name nor `words` give? Has an opaque name
// got a subject? `kind` is the name's: {en, fr, marks}.
export function faulty(name, text, words, kind) {
  const opaque = isOpaque(name);
  const folded = fold(name);
  const runs = name.match(/[0-9]+/g) ?? [];
  const given = [...runs, ...(kind.en.match(/[0-9]+/g) ?? [])];
  const said = new Set(wordsOf([kind.en, kind.fr, ...kind.marks].join(" ")).map(fold));
  for (const number of text.match(/[0-9]+/g) ?? []) {
    const bare = number.replace(/^0+/, "") || "0";
    const year = number.match(/^(?:19|20)([0-9]{2})$/);
    if (!given.some((run) => run.includes(bare) || (year && run.includes(year[1])))) return true;
  }
  const counts = new Map();
  for (const word of wordsOf(text)) {
    const key = fold(word);
    const month = MONTHS.get(word) ?? MONTHS.get(key);
    if (month !== undefined) {
      const spelled = [...MONTHS].some(([other, n]) => n === month && folded.includes(other.slice(0, 3).toLowerCase()));
      const counted = runs.some((run) => run.includes(String(month).padStart(2, "0")) || run === String(month));
      if (!spelled && !counted) return true;
    }
    if (opaque && !said.has(key) && !LITTLE.has(key) && !MONTHS_FOLDED.has(key)) return true;
    if (word.length <= SHORT) continue;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (counts.get(key) > MOST_TIMES) return true;
    const forms = ENDINGS.map((ending) => without(key, ending));
    if (!forms.some((form) => words.has(form) || MONTHS_FOLDED.has(form) || folded.includes(form))) return true;
  }
  return false;
}
