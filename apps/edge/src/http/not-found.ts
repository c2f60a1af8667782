import type { IncomingMessage, ServerResponse } from "node:http";
import { contentPolicy, findInline } from "./content-policy.ts";

const STYLE = `:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }
body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 16px; text-align: center }
h1 { font-size: 1.5rem } a { color: light-dark(#2f5bea, #8ba6ff) }`;
const POLICY = contentPolicy(findInline(`<style>${STYLE}</style>`), []);
/** The most levels that the link to the start page goes up: no link of ours leads to a deeper path. */
const MAX_DEPTH = 20;

/**
 * Sends a page which tells people that the path does not exist, and links to the start page. Programs get the error as
 * JSON instead: for their requests (to the API, or without HTML in `Accept`) this function sends nothing and returns
 * false.
 */
export function sayNotFound(path: string, { method, headers }: IncomingMessage, response: ServerResponse): boolean {
  const isRead = method === "GET" || method === "HEAD";
  if (!isRead || path === "/" || path.startsWith("/v1/") || !/\btext\/html\b/.test(headers.accept ?? "")) return false;
  const body = Buffer.from(page(homeOf(path)));
  response.writeHead(404, {
    "content-type": "text/html; charset=utf-8",
    "content-length": body.length,
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    vary: "accept",
  });
  response.end(method === "HEAD" ? undefined : body);
  return true;
}

/**
 * Returns the link to the start page. The link is relative, because a proxy may have cut off a prefix of the path. It
 * repeats nothing of the path, because the client has chosen the path.
 */
function homeOf(path: string): string {
  const depth = path.split("/").length - 2;
  return "../".repeat(Math.min(Math.max(0, depth), MAX_DEPTH)) || "./";
}

function page(home: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Not found · docrelay</title>
    <link rel="icon" href="${home}favicon.svg" type="image/svg+xml" />
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
      <h1>There is nothing at this address</h1>
      <p><a href="${home}">Ask your PDFs</a></p>
    </main>
  </body>
</html>
`;
}
