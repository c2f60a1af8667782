import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { layOut, type Group } from "./layout.ts";
import { targetOf, type Known } from "./links.ts";
import { addressOf, anchorOf, titleOf, withPlainCode, type Page } from "./page.ts";
import { openApiJson, referencePages } from "./reference.ts";
import { render } from "./render.ts";

/** A built site: its files by their addresses, and its problems, one sentence each. */
export interface Site {
  readonly files: ReadonlyMap<string, string | Buffer>;
  readonly problems: readonly string[];
}

const DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md"];
const READMES = ["{apps,packages,tools,examples}/*/README.md"];
/** The page whose lists of links become the navigation. */
const INDEX = "docs/README.md";
const ASSETS = ["site.css", "search.js"];

/**
 * Builds the site of a repository. `source` is the address at which files that are not pages can be read, as in
 * `Known`.
 */
export function buildSite(root: string, { source }: { readonly source?: string | undefined } = {}): Site {
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const documents = globSync([...DOCUMENTS, ...READMES], { cwd: root }).map((path) => path.replaceAll("\\", "/"));
  const reference = referencePages(read);
  const pages = new Map(
    [...documents.toSorted().map((path): Page => ({ path, markdown: read(path) })), ...reference].map((page) => [
      page.path,
      page,
    ]),
  );
  const known: Known = { pages, source, exists: (path) => existsSync(join(root, path)) };
  const groups = [...groupsOf(pages.get(INDEX)), { title: "Reference", links: reference.map(linkTo) }];
  const files = new Map<string, string | Buffer>([["reference/openapi.json", openApiJson()]]);
  const problems: string[] = [];

  for (const page of pages.values()) {
    const content = render(page.markdown, (href) => {
      const target = targetOf(page, href, known);
      if (target.kind === "dead") problems.push(`${page.path}: the link ${href} is dead: ${target.why}`);
      if (target.kind === "picture") files.set(target.path, readFileSync(join(root, target.path)));
      return "url" in target ? target.url : undefined;
    });
    files.set(addressOf(page.path), layOut(page, titleOf(page), content, groups));
  }
  for (const name of ASSETS) files.set(name, readFileSync(join(import.meta.dirname, "assets", name)));
  files.set("search.json", JSON.stringify([...pages.values()].flatMap(searched)));
  for (const { links } of groups)
    for (const { address } of links) if (!files.has(address)) problems.push(`${INDEX}: there is no page ${address}`);
  return { files, problems };

  /**
   * Returns the headings of the index page, each with those links of the list below it that lead to pages of the site.
   */
  function groupsOf(index: Page | undefined): Group[] {
    const sections = (index?.markdown ?? "").split(/^## /m).slice(1);
    return sections.map((section) => {
      const [title = ""] = section.split("\n");
      const found = [...section.matchAll(/^- \[([^\]]+)\]\(([^)#\s]+)\)/gm)];
      return { title, links: found.map(([, words = "", href = ""]) => ({ title: words, address: inSite(href) })) };
    });
  }
  function inSite(href: string): string {
    const path = join("docs", href).replaceAll("\\", "/");
    const isFolder = existsSync(join(root, path)) && statSync(join(root, path)).isDirectory();
    return addressOf(isFolder ? `${path}/README.md` : path);
  }
}

const linkTo = (page: Page): Group["links"][number] => ({ title: titleOf(page), address: addressOf(page.path) });

/** Returns the parts of a page for the search, one for each heading: its address, title and words. */
function searched(page: Page): Array<{ at: string; title: string; text: string }> {
  const title = titleOf(page);
  const parts = withPlainCode(page)
    .split(/^(?=#{1,3} )/m)
    .filter((part) => part.startsWith("#"));
  return parts.map((part) => {
    const [heading = ""] = part.split("\n");
    const words = heading.replace(/^#+ /, "");
    const own = words.replaceAll("`", "");
    const text = part.replaceAll(/[`*|#[\]]+|\(\S+\)/g, " ").replaceAll(/\s+/g, " ");
    return {
      at: `${addressOf(page.path)}#${anchorOf(words)}`,
      title: own === title ? title : `${title}: ${own}`,
      text: text.slice(0, 2000).toLowerCase(),
    };
  });
}
