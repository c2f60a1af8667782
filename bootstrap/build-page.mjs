import { buildWeb } from "./install.mjs";

/**
 * Runs before the tests, and builds the page if its sources have changed. If a test built the page itself, the edges of
 * other tests, which read it when they start, would find no page during the build.
 */
export async function setup() {
  await buildWeb(process.execPath);
}
