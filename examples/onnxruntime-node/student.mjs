// A student in Node: onnxruntime-node runs the graph, @huggingface/tokenizers reads and writes the texts. No Python.
//
//   npm install && node student.mjs STUDENT_FOLDER LANG NAME...

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { Tokenizer } from "@huggingface/tokenizers";
import * as ort from "onnxruntime-node";
import { VERSION, readGlossary, readable, sourceText, splitExt } from "./contract.mjs";
import { faulty, mended } from "./guard.mjs";
import { counted, episode } from "./opaque.mjs";

const MANUAL_PAGE = /^([A-Za-z_][\w:+@-]*(?:\.[A-Za-z][\w:+@-]*)*)\.[1-8][a-z]*\.gz$/;
const ROTATED =
  /log|journal|messages|backup|dump|^(?:kern|dmesg|[bw]tmp)\b|^(?:dpkg|apt)\.|\.(?:tar|sql|csv|txt|err|info|warn|out)$/i;
// A suffix that is no word: what a file of it is called at least (kinds.py).
const CODE = /^\.(?=[0-9]*[a-z])(?!(?:de|en|es|fr|it|ja|nl|pl|pt|ru|sv|zh)$)[a-z0-9]{1,3}$/;
const MAX_CHARS = 90;
const FILMED = ["video", "subtitles"];
// A run of the model holds at most so many beams: its memory is bounded.
const ROWS = 32;

// What needs no model: a well-known whole name, a packed manual page, a name of a counter, a day, a hash or an
// episode alone.
function told(kind, name, lang) {
  if (kind.pattern === name) return kind[lang];
  const [stem] = splitExt(name);
  const text = kind.pattern && counted(stem, kind[lang], lang);
  const shown = FILMED.includes(kind.kind) && episode(stem, kind[lang], lang);
  if (text || shown) return text || shown;
  const topic = kind.kind === "manual" && MANUAL_PAGE.exec(name)?.[1];
  if (!topic || ROTATED.test(topic)) return undefined;
  const of = lang === "en" ? "of " : /^[aeiou]/i.test(topic) ? "d'" : "de ";
  const page = `${kind[lang]} ${of}${topic}`;
  return page.length <= MAX_CHARS ? page : kind[lang];
}

export class Student {
  static async load(folder) {
    const read = (name) => readFileSync(join(folder, name), "utf8");
    const student = new Student();
    student.card = JSON.parse(read("student.json"));
    if (student.card.contract !== VERSION) throw new Error(`contract ${student.card.contract}, not ${VERSION}`);
    const options = { clean_up_tokenization_spaces: false, unk_token: "<unk>" };
    student.tokenizer = new Tokenizer(JSON.parse(read("tokenizer.json")), options);
    const rows = read("kinds.tsv").split("\n").slice(1).filter(Boolean).map((line) => line.split("\t"));
    student.kinds = new Map(rows.map(([pattern, kind, en, fr, , marks]) => [pattern, { pattern, kind, en, fr, marks: marks.split("|") }]));
    const unpack = (name) => gunzipSync(readFileSync(join(folder, name))).toString("utf8");
    const glossary = "glossary.tsv.gz";
    student.glossary = existsSync(join(folder, glossary)) ? readGlossary(unpack(glossary)) : new Map();
    student.words = Object.fromEntries(["en", "fr"].map((lang) => [lang, new Set(unpack(`words.${lang}.txt.gz`).split("\n"))]));
    student.session = await ort.InferenceSession.create(join(folder, "model.onnx"));
    return student;
  }

  // Token ids. This tokenizer leaves what its vocabulary lacks as one unknown piece; a student whose vocabulary has the
  // bytes was trained on them. A long text is cut before the special tokens that end it, which differ from base to base.
  encode(text) {
    const { ids, tokens } = this.tokenizer.encode(text);
    const unknown = this.tokenizer.token_to_id("<unk>");
    const bytes = (piece) => {
      const found = [...Buffer.from(piece)].map((b) => this.tokenizer.token_to_id(`<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`));
      return found.includes(undefined) ? [unknown] : found;
    };
    const all = ids.flatMap((id, i) => (id === unknown ? bytes(tokens[i]) : [id]));
    const most = this.card.max_source_tokens ?? 64;
    if (all.length <= most) return all;
    const added = this.tokenizer.get_added_tokens_decoder();
    const end = all.findLastIndex((id) => id === unknown || !added.get(id)?.special) + 1;
    return [...all.slice(0, most - (all.length - end)), ...all.slice(end)];
  }

  kind(name) {
    const [, ext] = splitExt(name);
    const dots = name.split(".");
    // A command called `java` is no Java source: two suffixes need two dots.
    const two = dots.length > 2 ? "." + dots.slice(-2).join(".").toLowerCase() : "";
    const candidates = [name, two, ext, "." + ext.split(".").at(-1), dots[0]];
    const found = candidates.find((candidate) => this.kinds.has(candidate));
    if (found) return this.kinds.get(found);
    if (!CODE.test(ext)) return { pattern: "", en: "File", fr: "Fichier", marks: ["file", "fichier"] };
    const letters = ext.slice(1).toUpperCase();
    return { pattern: ext, en: `${letters} file`, fr: `Fichier ${letters}`, marks: [ext.slice(1)] };
  }

  // [{name, ids, text, score, abstained}] in order; `score` is the mean log-probability of the text's tokens.
  async describe(names, lang) {
    if (!this.card.languages.includes(lang)) throw new Error(`This student speaks ${this.card.languages}, not ${lang}.`);
    const block = ROWS / (this.card.beams ?? 1);
    const told = [];
    for (let i = 0; i < names.length; i += block) told.push(...(await this.describeBlock(names.slice(i, i + block), lang)));
    return told;
  }

  async describeBlock(names, lang) {
    const sources = names.map((name) => sourceText(name, lang, this.glossary));
    const rows = sources.map((source) => this.encode(source));
    const width = Math.max(1, ...rows.map((row) => row.length));
    const shape = [rows.length, width];
    const ids = new BigInt64Array(rows.length * width);
    const mask = new BigInt64Array(rows.length * width);
    rows.forEach((row, r) => row.forEach((id, i) => ((ids[r * width + i] = BigInt(id)), (mask[r * width + i] = 1n))));
    const { tokens, score } = await this.session.run({
      input_ids: new ort.Tensor("int64", ids, shape),
      attention_mask: new ort.Tensor("int64", mask, shape),
      max_new_tokens: new ort.Tensor("int64", [BigInt(this.card.max_new_tokens ?? 32)], []),
    });
    const [, answers, steps] = tokens.dims;
    const text = (row) => {
      const written = Array.from(tokens.data.slice(row * steps, (row + 1) * steps), Number);
      return mended(this.tokenizer.decode(written, { skip_special_tokens: true }).replace(/\s+/g, " ").trim());
    };
    return names.map((name, r) => {
      const kind = this.kind(name);
      const known = told(kind, name, lang);
      if (known) return { name, ids: rows[r], text: known, score: score.data[r * answers], abstained: false };
      // The best answer that is sure enough and that the guard lets pass.
      for (let row = r * answers; row < (r + 1) * answers; row++) {
        const said = text(row);
        const sure = said && score.data[row] >= this.card.abstain_below[lang];
        if (sure && !faulty(readable(name), said, this.words[lang], kind, sources[r], this.card.names_kinds?.[lang] ?? false))
          return { name, ids: rows[r], text: said, score: score.data[row], abstained: false };
      }
      return { name, ids: rows[r], text: kind[lang], score: score.data[r * answers], abstained: true };
    });
  }
}

// Is this file the program? Node resolves links before it loads one; a text to evaluate has no path.
const program = process.argv[1] ?? "";
if (existsSync(program) && import.meta.url === pathToFileURL(realpathSync(program)).href) {
  const [folder, lang, ...names] = process.argv.slice(2);
  const student = await Student.load(folder);
  for (const { name, text } of await student.describe(names, lang)) console.log(`${readable(name)}\t${text}`);
}
