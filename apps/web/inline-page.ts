import type { Plugin } from "vite";

/**
 * Puts the entry script and the style into the page itself. While a new release replaces edges one by one, consecutive
 * requests of a browser may reach edges of two builds. A page that is one file needs nothing from an edge of the other
 * build.
 */
export function inlinePage(): Plugin {
  return {
    name: "inline-page",
    enforce: "post",
    generateBundle(_options, bundle) {
      const page = bundle["index.html"];
      if (page?.type !== "asset") throw new Error("the build has no index.html");
      let html = String(page.source);
      for (const [file, built] of Object.entries(bundle)) {
        const name = file.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
        if (built.type === "chunk") {
          if (!built.isEntry) throw new Error(`${file} is a chunk of its own: the page must be one file`);
          const code = built.code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
          html = replaceTag(
            html,
            new RegExp(`<script\\b[^>]*\\bsrc="[^"]*${name}"[^>]*></script>`),
            `<script type="module">${code}</script>`,
          );
        } else if (file.endsWith(".css") && styleTag(name).test(html)) {
          html = replaceTag(html, styleTag(name), `<style>${String(built.source)}</style>`);
        } else continue; // a file of a lazily loaded part stays a file of its own
        delete bundle[file];
      }
      if (/<link\b[^>]*\brel="stylesheet"/.test(html)) throw new Error("index.html has a style beside it");
      page.source = html;
    },
  };
}

function styleTag(name: string): RegExp {
  return new RegExp(`<link\\b[^>]*\\bhref="[^"]*${name}"[^>]*>`);
}

function replaceTag(html: string, tag: RegExp, by: string): string {
  if (!tag.test(html)) throw new Error(`index.html has no ${tag.source}`);
  // The replacement is a function, because `$` in a replacement string would have a special meaning.
  return html.replace(tag, () => by);
}
