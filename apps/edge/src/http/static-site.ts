import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { contentPolicy, findInline } from "./content-policy.ts";

/** The page's few files, in memory. Other paths are left to the caller. */
export interface StaticSite {
  /** Responds to a GET or HEAD; returns false for an unknown path. */
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
/** Names under this folder hold a hash of their content. */
const HASHED = "/assets/";
/** A page's script and style, up to 0.1. Lazy parts of other builds are not found: a page asks again, and does without. */
const OF_A_BUILD = /^\/assets\/index-[\w-]+\.(js|css)$/;

/** The SDK for pages of any origin; its first line names its version. */
const SDK = "/docrelay.js";
const SDK_VERSION = /^\/\*! docrelay (\S+) \*\//;
const FOR_EVER = "public, max-age=31536000, immutable";
/** The chat that an element of the SDK loads, always of today's build. */
const CHAT = "/docrelay-chat.js";
/** Module scripts and fonts of another origin are fetched with CORS; there is nothing of any user in them. */
const FOR_ALL = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };

/**
 * In place of a script of another build, which a page of that build asks for while edges are replaced one by one: it loads
 * the page again, until both come from one build. The request at random is for balancers that take edges in turn: a page of
 * two requests would meet the same two edges in the same order for ever.
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
 * Reads a built page; a missing folder gives a site without files. A page may be embedded by pages of the origins
 * `frameAncestors`. It is one file with its script and style, so that a browser never needs files of two builds to show it;
 * pages of builds before that get a script that loads the page again, and today's style. Parts that a page loads later have
 * their hash in their names, and are kept for ever.
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

/** `/docrelay.js?v=1.2.3`: a page that names the version may keep it for ever. */
function versionAsked({ url = "" }: IncomingMessage): string | null {
  return new URLSearchParams(url.split("?")[1]).get("v");
}

/** Whether the browser has this version already. A proxy that compresses turns an etag into a weak one. */
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
