import { ERRORS, eventSchema } from "@docrelay/protocol";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { emptyFolder } from "../src/empty-folder.ts";
import { targetOf, type Known } from "../src/links.ts";
import { render } from "../src/render.ts";
import { buildSite } from "../src/site.ts";

const ROOT = join(import.meta.dirname, "../../..");

describe("the site of this repository", () => {
  const { files, problems } = buildSite(ROOT, { source: "https://host.test/blob/main" });
  const read = (address: string): string => String(files.get(address));

  it("has no dead link, and each page leads to every page of the index", () => {
    expect(problems).toEqual([]);
    const pages = [...files].filter(([address]) => address.endsWith(".html"));
    expect(pages.length).toBeGreaterThan(60);
    for (const [address, html] of pages) {
      const up = "../".repeat(address.split("/").length - 1);
      for (const to of ["docs/your-page.html", "docs/operations.html", "reference/http.html"])
        expect([
          address,
          String(html).includes(`href="${up}${to}"`) || address.startsWith(to.split("/")[0] ?? ""),
        ]).toEqual([address, true]);
    }
  });

  it("links among pages, to headings, and to sources where those can be read", () => {
    expect(read("index.html")).toContain('<a href="docs/auth.html">');
    expect(read("docs/engines.html")).toContain('<a href="../examples/engines/index.html">');
    expect(read("index.html")).toContain('<a href="https://host.test/blob/main/apps/worker/src/sweep/sweeper.ts">');
    expect(String(buildSite(ROOT).files.get("index.html"))).not.toContain("sweeper.ts");
    expect(files.get("docs/page.png")).toBeInstanceOf(Buffer);
  });

  it("has a reference of every error, event, route and setting, as the code has them", () => {
    for (const code of Object.keys(ERRORS)) expect(read("reference/errors.html")).toContain(`<code>${code}</code>`);
    for (const { shape } of eventSchema.def.options) {
      const [type] = shape.type.def.values;
      expect(read("reference/events.html")).toContain(`<h2 id="${type}">`);
    }
    for (const route of ["post-v1asks", "get-v1responsesid", "delete-v1me"])
      expect(read("reference/http.html")).toContain(`<h2 id="${route}">`);
    expect(read("reference/settings.html")).toContain("<code>ENGINE_URL</code>");
    expect(read("reference/client.html")).toContain("interface Relay");
    expect(JSON.parse(read("reference/openapi.json"))).toMatchObject({ openapi: "3.1.0" });
  });

  it("can be searched by words of its parts", () => {
    const parts = JSON.parse(read("search.json")) as Array<{ at: string; title: string; text: string }>;
    const found = parts.filter(({ text }) => text.includes("revocations") && text.includes("admin_token"));
    expect(found.map(({ at }) => at)).toContain("docs/auth.html#ending-access");
    const dead = parts.filter(({ at }) => {
      const [address = "", anchor] = at.split("#");
      return !read(address).includes(` id="${anchor}"`);
    });
    expect(dead.map(({ at }) => at)).toEqual([]);
  });
});

describe("a link", () => {
  const page = { path: "docs/a.md", markdown: "# A\n\n## One part\n" };
  const known: Known = {
    pages: new Map([page, { path: "README.md", markdown: "# Top: `of` all\n" }].map((one) => [one.path, one])),
    source: undefined,
    exists: (path) => ["apps/x.ts", "docs/p.png"].includes(path),
  };
  it.each([
    ["https://host.test/", { kind: "url", url: "https://host.test/" }],
    ["#one-part", { kind: "url", url: "a.html#one-part" }],
    ["../README.md#top-of-all", { kind: "url", url: "../index.html#top-of-all" }],
    ["p.png", { kind: "picture", url: "p.png", path: "docs/p.png" }],
    ["../apps/x.ts", { kind: "nowhere" }],
    ["#another", { kind: "dead", why: "docs/a.md has no heading #another" }],
    ["../apps/y.ts", { kind: "dead", why: "there is no apps/y.ts" }],
  ])("%s leads there, or is dead", (href, target) => expect(targetOf(page, href, known)).toEqual(target));
});

it("code is text, and what a link says stays where it leads nowhere", () => {
  expect(render('```html\n<b title="x">\n```\n\n[words](x.ts)\n', () => undefined)).toBe(
    '<pre tabindex="0"><code>&lt;b title=&quot;x&quot;></code></pre>\n<p>words</p>\n',
  );
});

it("takes the place of an earlier site, and of nothing else", () => {
  const folder = mkdtempSync(join(tmpdir(), "docrelay-site-"));
  try {
    writeFileSync(join(folder, "notes.txt"), "mine");
    expect(() => emptyFolder(folder)).toThrow("is no site of an earlier build");
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
    writeFileSync(join(folder, "search.json"), "[]");
    emptyFolder(folder);
    expect(() => readdirSync(folder)).toThrow();
    emptyFolder(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
