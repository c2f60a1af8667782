export { startRedis, dockerAnswers, type TestRedis } from "./redis.ts";
export { eventually } from "./eventually.ts";
export { freePort } from "./free-port.ts";
export { spawnNode, type TestProcess } from "./spawn-node.ts";
export { startProxy, type Proxy } from "./proxy.ts";
export { makePdf, makeScanPdf, type Picture } from "./pdf.ts";
export { findChromium } from "./chromium.ts";
export { corpus, shared, type CorpusFile } from "./corpus.ts";
export { markup, type Markup } from "./markup.ts";
