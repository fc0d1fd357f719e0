// A host program in any language, here Node without a package: talk JSON lines with `nomenclair serve`.
//
//   node examples/serve.mjs STUDENT_FOLDER NAME...
//
// The program to start is `nomenclair`, or what the variable NOMENCLAIR names.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const [folder, ...names] = process.argv.slice(2);
const child = spawn(process.env.NOMENCLAIR ?? "nomenclair", ["serve", "--student", folder], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);

const { languages } = await next(); // the first line says that the student is loaded
for (const lang of languages) {
  child.stdin.write(JSON.stringify({ id: lang, names, lang }) + "\n");
  const answer = await next();
  if (answer.error) throw new Error(answer.error);
  names.forEach((name, i) => console.log([name, answer.id, answer.texts[i]].join("\t")));
}
child.stdin.end();
