import { relativeTo } from "./links.ts";
import { addressOf, type Page } from "./page.ts";
import { escapeHtml } from "./render.ts";

/** A group of links in the navigation. An `address` is the path of a page in the site. */
export interface Group {
  readonly title: string;
  readonly links: ReadonlyArray<{ readonly title: string; readonly address: string }>;
}

/** Builds a whole HTML page of the site. */
export function layOut(page: Page, title: string, content: string, groups: readonly Group[]): string {
  const to = (address: string): string => relativeTo(page, address) || "index.html";
  const nav = groups
    .map(({ title: name, links }) => {
      const items = links.map(({ title: words, address }) => {
        const href = to(address);
        const here = href === to(addressOf(page.path)) ? ' aria-current="page"' : "";
        return `<li><a href="${href}"${here}>${escapeHtml(words)}</a></li>`;
      });
      return `<h2>${escapeHtml(name)}</h2><ul>${items.join("")}</ul>`;
    })
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${escapeHtml(title)} · docrelay</title>
<link rel="stylesheet" href="${to("site.css")}" />
<script type="module" src="${to("search.js")}" data-root="${to("search.json").replace(/search\.json$/, "")}"></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<nav aria-label="Pages">
<p><a href="${to("index.html")}">docrelay</a></p>
<input type="search" id="search" aria-label="Search" placeholder="Search" hidden />
<ul id="found" aria-live="polite"></ul>
${nav}
</nav>
<main id="content">
${content}
</main>
</body>
</html>
`;
}
