import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { contentPolicy, findInline } from "./content-policy.ts";

/** The files of the built page, kept in memory. */
export interface StaticSite {
  /** Responds to a GET or HEAD of one of the page's files; returns false, and sends nothing, for any other request. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean;
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};
const TEXT = new Set([".html", ".js", ".css", ".svg"]);
/** The folder whose file names contain a hash of the file's content. */
const HASHED = "/assets/";
/**
 * Matches the paths of the script and the style of pages up to version 0.1, which had both in separate files. A browser
 * may still show such a page and ask for them. Other files of its build are not found, and the page works without them.
 */
const OF_A_BUILD = /^\/assets\/index-[\w-]+\.(js|css)$/;

/** The path of the SDK, which pages of any origin may load; the first line of the file names its version. */
const SDK = "/docrelay.js";
const SDK_VERSION = /^\/\*! docrelay (\S+) \*\//;
const FOR_EVER = "public, max-age=31536000, immutable";
/** The path of the chat that the SDK's element loads; the edge always sends the chat of the current build. */
const CHAT = "/docrelay-chat.js";
/**
 * Headers for files that pages of other origins load: browsers fetch module scripts and fonts with CORS. Every origin
 * is allowed, because these files contain no user data.
 */
const FOR_ALL = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };

/**
 * The script that is sent in place of a script of another build. While edges are replaced one by one, a page of one
 * build may ask an edge of another build for its script. The sent script then loads the page again, until page and
 * script come from one build. In half of the cases the sent script first makes one more request. Otherwise, with a
 * balancer that uses two edges alternately, a page that needs two requests would reach the same edges in the same order
 * every time.
 */
const RELOAD = `setTimeout(async () => {
  if (Math.random() < 0.5) await fetch(location.href, { cache: "no-store" }).catch(() => undefined);
  location.reload();
}, 500 + Math.random() * 1000);
`;

const SECURITY = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

interface Asset {
  readonly bytes: Buffer;
  readonly packed: Buffer | undefined;
  readonly etag: string;
  readonly headers: Record<string, string>;
}

/**
 * Reads the built page from a folder; if the folder is missing, the site has no files. Pages of the origins
 * `frameAncestors` may embed the page. The page is one file that includes its script and style, so that a browser never
 * needs files of two builds. A page of an older build, whose script is a separate file, gets a script that loads the
 * page again, and the current style. Lazily loaded parts have a hash in their names, so browsers may keep them for
 * ever.
 */
export function readStaticSite(folder: string, { frameAncestors }: { frameAncestors: readonly string[] }): StaticSite {
  const assets = new Map<string, Asset>();
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  for (const entry of names) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    assets.set(
      `/${relative(folder, file).split(sep).join("/")}`,
      toAsset(extname(file), readFileSync(file), frameAncestors),
    );
  }
  const index = assets.get("/index.html");
  if (index) assets.set("/", index);
  const style = findInline(index?.bytes.toString() ?? "").find(({ kind }) => kind === "style")?.text ?? "";
  const substitutes: Record<string, Asset> = {
    ".js": toAsset(".js", Buffer.from(RELOAD), []),
    ".css": toAsset(".css", Buffer.from(style), []),
  };
  const sdkVersion = SDK_VERSION.exec(assets.get(SDK)?.bytes.toString() ?? "")?.[1];

  return {
    answer(path, request, response) {
      const known = assets.get(path);
      const asset = known ?? (index && OF_A_BUILD.test(path) ? substitutes[extname(path)] : undefined);
      if (!asset || (request.method !== "GET" && request.method !== "HEAD")) return false;
      const isFixed = path.startsWith(HASHED) || (path === SDK && versionAsked(request) === sdkVersion);
      const cache = isFixed ? FOR_EVER : "no-cache";
      const shared = path === SDK || path === CHAT || path.startsWith(HASHED) ? FOR_ALL : {};
      const headers = { ...asset.headers, ...SECURITY, ...shared, "cache-control": known ? cache : "no-store" };
      if (holds(request.headers["if-none-match"], asset.etag)) {
        response.writeHead(304, headers).end();
        return true;
      }
      const packs = asset.packed !== undefined && /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
      const body = packs && asset.packed ? asset.packed : asset.bytes;
      response.writeHead(200, {
        ...headers,
        ...(packs ? { "content-encoding": "gzip" } : {}),
        "content-length": body.length,
      });
      response.end(request.method === "HEAD" ? undefined : body);
      return true;
    },
  };
}

/** Returns the version that a URL names, as in `/docrelay.js?v=1.2.3`: a browser may keep such a file for ever. */
function versionAsked({ url = "" }: IncomingMessage): string | null {
  return new URLSearchParams(url.split("?")[1]).get("v");
}

/**
 * Whether the header `If-None-Match` names this etag: then the browser has the file already. A proxy that compresses a
 * response makes its etag weak (`W/`), so both forms match.
 */
function holds(header: string | undefined, etag: string): boolean {
  const held = (header ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return held.includes(etag) || held.includes("*");
}

function toAsset(ending: string, bytes: Buffer, frameAncestors: readonly string[]): Asset {
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return {
    bytes,
    packed: TEXT.has(ending) ? gzipSync(bytes, { level: 9 }) : undefined,
    etag,
    headers: {
      "content-type": TYPES[ending] ?? "application/octet-stream",
      "content-security-policy": contentPolicy(ending === ".html" ? findInline(bytes.toString()) : [], frameAncestors),
      etag,
      vary: "accept-encoding",
    },
  };
}
