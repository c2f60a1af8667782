import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");

/** Returns the text below a heading, up to the next heading of its level. */
function section(title: string): string {
  return page.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";
}

function stops(text: string): string[] {
  return text.split(/^(?=\d+\. )/m).slice(1);
}

function named(text: string): Array<{ file: string; name: string }> {
  return [...text.matchAll(/`((?:apps|packages|tools)\/[\w./-]+):(\w+)`/g)].map(([, file = "", name = ""]) => ({
    file,
    name,
  }));
}

function declares(source: string, name: string): boolean {
  return new RegExp(`^(?:export )?(?:async )?(?:function\\*?|class|const) ${name}\\b`, "m").test(source);
}

describe("ARCHITECTURE.md", () => {
  it.each([
    ["The life of an ask", 10],
    ["The life of a PDF", 8],
  ])("%s has %i stops, each with a function", (title, count) => {
    const all = stops(section(title));
    expect(all.map((stop) => named(stop).length > 0)).toEqual(Array.from({ length: count }, () => true));
  });

  it.each(named(page))("$file declares $name", ({ file, name }) => {
    expect(existsSync(join(ROOT, file)), file).toBe(true);
    expect(declares(readFileSync(join(ROOT, file), "utf8"), name), `${file}:${name}`).toBe(true);
  });

  it("a function that was renamed, or is only called, is not declared", () => {
    expect(declares("export async function accept(store) {}", "accept")).toBe(true);
    expect(declares("export const EVENTS = {}", "EVENTS")).toBe(true);
    expect(declares("export async function acceptAsk(store) {}", "accept")).toBe(false);
    expect(declares("  await accept(store);\n// function accept", "accept")).toBe(false);
  });

  it.each(["edge", "worker", "web"])("names every folder of the %s", (app) => {
    const row = new RegExp(`^\\| ${app} \\|(.*)$`, "m").exec(section("Folders"))?.[1] ?? "";
    const written = [...row.matchAll(/`([\w-]+)`/g)].map(([, folder = ""]) => folder);
    const folders = readdirSync(join(ROOT, "apps", app, "src"), { withFileTypes: true });
    const there = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(written.toSorted()).toEqual(there.toSorted());
  });

  it.each(["demo-engine", "local"])("%s has no folders", (app) => {
    const entries = readdirSync(join(ROOT, "apps", app, "src"), { withFileTypes: true });
    expect(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)).toEqual([]);
  });
});
