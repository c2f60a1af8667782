import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PACKAGE = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;
const LICENCE = /^(licen[cs]e|copying)(\.|$|-)/i;

/**
 * Returns the licences of the packages to which these modules belong, each with the package's name and version. Most
 * licences demand that copies of the code include them.
 * @param modules paths of files; those outside of `node_modules` are left out.
 */
export function licencesOf(modules: Iterable<string>): string {
  const folders = new Set([...modules].flatMap((path) => PACKAGE.exec(path)?.[0] ?? []));
  return [...folders]
    .map(describe)
    .toSorted()
    .join(`\n${"-".repeat(80)}\n\n`);
}

function describe(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
  const files = readdirSync(folder).filter((name) => LICENCE.test(name));
  const texts = files.map((name) => readFileSync(join(folder, name), "utf8").trim());
  const title = `${String(manifest["name"])} ${String(manifest["version"])}, ${JSON.stringify(manifest["license"] ?? "see below")}`;
  return `${[title, ...texts].join("\n\n")}\n`;
}
