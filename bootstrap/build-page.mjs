import { buildWeb } from "./install.mjs";

/**
 * Before tests that serve the page: it is built once, where its sources have changed. A test that built it itself would
 * take it away from the edges of the tests beside it, which read it at their start.
 */
export async function setup() {
  await buildWeb(process.execPath);
}
