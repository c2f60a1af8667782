import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Finds a Chromium: the one of `CHROMIUM_PATH`, one on PATH, or Playwright's own. @throws Error with the command that
 * installs one.
 */
export async function findChromium(): Promise<string> {
  const named = process.env["CHROMIUM_PATH"];
  if (named) return named;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
  if (found) return found;
  const { chromium } = await import("playwright-core");
  const own = chromium.executablePath();
  if (existsSync(own)) return own;
  throw new Error("No Chromium here: install one (apt-get install chromium) or set CHROMIUM_PATH.");
}
