import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { emptyFolder } from "./empty-folder.ts";
import { buildSite } from "./site.ts";

// `npm run docs [-- folder]` builds the site. The variable DOCS_SOURCE is the address at which files of the repository
// can be read, such as https://host/docrelay/blob/main.
const root = join(import.meta.dirname, "../../..");
const out = resolve(process.argv[2] ?? join(root, "dist/docs"));
const { files, problems } = buildSite(root, { source: process.env["DOCS_SOURCE"] || undefined });
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exit(1);
emptyFolder(out);
for (const [address, content] of files) {
  mkdirSync(dirname(join(out, address)), { recursive: true });
  writeFileSync(join(out, address), content);
}
process.stdout.write(`${files.size} files in ${out}\n`);
