// What names that say nothing say after all: as nomenclair/opaque.py.

import { CLOCK, DAY, ENGLISH_MONTHS, FRENCH_MONTHS, HEX_RUN, UUID } from "./contract.mjs";

const CAMERA =
  /^(?:C?IMG(?:[ _-]?E)?|_MG|DSC[FN]?|PICT|PXL|VID|MVI|GOPR|G[HX]|DJI|WP|SAM|[PRL](?=[0-9]{7}$))(?![A-Za-z])|(?<=[0-9])_[DV]$/gi;
const DATE = new RegExp(`(?<![0-9])((?:19[5-9]|20[0-9])[0-9])([-_. ]?)(0[1-9]|1[0-2])\\2(${DAY})(?![0-9])`);
const BARE = /^(?:00[0-9]{1,6}|0[0-9]{1,4}|(?!(?:19[5-9]|20[0-9])[0-9]$)[0-9]{4,5}|[0-9]{7})$/;
const [OF_CAMERA, DATED] = [/^[0-9]{1,7}$/, /^[0-9]{1,5}$/];

// The kind with the stem's counter and day; undefined where the stem holds anything else, or nothing at all.
export function counted(stem, kind, lang) {
  const marked = stem.replace(CLOCK, "$<day>").replace(UUID, "#").replace(HEX_RUN, "#");
  const date = day(marked);
  const bare = marked.replace("#", " ");
  const undated = date ? `${bare.slice(0, date.index)} ${bare.slice(date.index + date[0].length)}` : bare;
  const rest = undated.replace(CAMERA, " ");
  const counter = date ? DATED : rest === undated ? BARE : OF_CAMERA;
  const parts = rest.split(/[ _.-]+/).filter(Boolean);
  if (parts.length > 1 || !parts.every((part) => counter.test(part)) || !(parts.length || date || marked.includes("#"))) return undefined;
  const number = parts.length ? ` ${lang === "fr" ? "n°" : "no."} ${Number(parts[0])}` : "";
  return kind + number + (date ? of(date, lang) : "");
}

// The kind with the season and the episode that the stem is a code of; undefined where it is anything else.
export function episode(stem, kind, lang) {
  const code = /^S([0-9]{1,2})[ _.-]?E([0-9]{1,3})$/i.exec(stem);
  if (!code) return undefined;
  const [season, number] = code.slice(1).map(Number);
  return lang === "en" ? `${kind} of season ${season}, episode ${number}` : `${kind} de la saison ${season}, épisode ${number}`;
}

// The stem's day, if its month has it: 31 February is none.
function day(stem) {
  const date = DATE.exec(stem);
  return date && new Date(Date.UTC(date[1], date[3] - 1, date[4])).getUTCDate() === Number(date[4]) ? date : null;
}

function of([, year, , month, day], lang) {
  if (lang === "en") return ` from ${Number(day)} ${ENGLISH_MONTHS[month - 1]} ${year}`;
  return ` du ${day === "01" ? "1er" : Number(day)} ${FRENCH_MONTHS[month - 1]} ${year}`;
}
