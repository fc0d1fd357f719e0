// The text that a student reads for a file name: nomenclair/contract.py and names.py again, for contract version 3.
// tests/test_node.py holds both to the same answers.

export const VERSION = 3;

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
const HEX_RUN = /(?<![0-9A-Za-z])(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{7,}(?![0-9A-Za-z])/g;
const UUID = /[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/g;
const COPY_NUMBER = /(\([0-9]{1,3}\))/;
const MOST_CHARS = 120;

export const readable = (name) => name.toWellFormed().normalize("NFC");

export function splitExt(name) {
  let m = COMPOUND_EXT.exec(name);
  if (m && m.index > 0) return [name.slice(0, m.index), m[0].toLowerCase()];
  m = SHARED_LIBRARY.exec(name);
  if (m && m.index > 0) return [`${name.slice(0, m.index)} ${m[2].slice(1)}`, m[1]];
  m = SIMPLE_EXT.exec(name);
  if (!m || m.index === 0) return [name, ""];
  const stem = name.slice(0, m.index);
  const manualSection = /^[1-9]$/.test(m[1]) && !/\p{Nd}$/u.test(stem) && /[a-z]/.test(stem);
  if (!/[A-Za-z]/.test(m[1]) && !manualSection) return [name, ""];
  return [stem, "." + m[1].toLowerCase()];
}

export function words(text) {
  return [...text.matchAll(CHUNK)].flatMap(([, version, chunk]) => (version ? [version] : (chunk.match(WORD) ?? [])));
}

// glossary.tsv as a map from a folded word to what it is in each language; a student may have none.
export function readGlossary(text) {
  const rows = text.split("\n").slice(1, -1).map((line) => line.split("\t"));
  return new Map(rows.map(([word, en, fr]) => [word, { en, fr }]));
}

export function sourceText(name, lang, glossary = new Map()) {
  const [stem, ext] = splitExt(readable(name));
  const parts = stem.replace(UUID, " # ").replace(HEX_RUN, " # ").split(COPY_NUMBER);
  const found = parts.flatMap((part, i) => (i % 2 ? [part] : words(part)));
  const glossed = found.map((word) => {
    const gloss = glossary.get(fold(word))?.[lang];
    return gloss && gloss !== word ? `${word} [ ${gloss} ]` : word;
  });
  let text = glossed.join(" ");
  if ([...text].length > MOST_CHARS) text = found.join(" ");
  const chars = [...text];
  if (chars.length > MOST_CHARS) {
    const half = MOST_CHARS / 2;
    text = `${chars.slice(0, half).join("")} … ${chars.slice(-half).join("")}`;
  }
  return `${lang}: ${text} ${ext.slice(0, 16)}`.trim();
}

const COUNTERS = new Set(
  ("img dsc dscn dscf pict pxl vid mvi gopr dji image photo scan document doc file fichier untitled sanstitre sans titre " +
    "nouveau new snapchat p x").split(" "),
);

// Lower case without accents, for comparing.
export const fold = (text) =>
  text
    .replace(/œ|Œ/g, "oe")
    .replace(/æ|Æ/g, "ae")
    .replace(/ß/g, "ss")
    .toLowerCase()
    .normalize("NFD")
    .replace(/\p{M}/gu, "");

// Does the stem say nothing to a reader: hashes, counters, random letters?
export function isOpaque(name) {
  const [stem] = splitExt(name);
  const bare = stem.replace(UUID, " ").replace(HEX_RUN, " ");
  if (bare !== stem) return !words(bare).some((word) => [...word].length > 3 && !/^\p{Nd}/u.test(word));
  const letters = words(stem).filter((word) => !/^\p{Nd}/u.test(word)).map((word) => word.replace(/[0-9]/g, ""));
  return letters.every((word) => COUNTERS.has(fold(word)) || [...word].length < 2 || !/[aeiouyàâäéèêëîïôöùûü]/i.test(word));
}
