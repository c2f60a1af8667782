import axe from "axe-core";
import { join } from "node:path";
import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>;
}

/** Saves a screenshot of the page if `PAGE_SHOTS=<folder>` is set. */
export async function shot(page: Page, name: string): Promise<void> {
  const shots = process.env["PAGE_SHOTS"];
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

/**
 * The height of the window during a check, in px. In a window this high nothing needs to scroll. In a lower window the
 * header and the question's field, which do not scroll, may cover parts of buttons, which axe-core would report.
 */
const TALL = 4000;

/**
 * Returns the violations of WCAG 2.2 A and AA that axe-core finds, in the light and in the dark theme. If `name` is
 * given, also saves a screenshot of each theme (see `shot`).
 */
export async function violations(page: Page, name?: string): Promise<string[]> {
  const shots = process.env["PAGE_SHOTS"];
  const found: string[] = [];
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 720 };
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    if (shots && name) await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`), fullPage: true });
    await page.setViewportSize({ width, height: TALL });
    const run = `${axe.source}; axe.run(document, { runOnly: ${JSON.stringify(tags)}, resultTypes: ["violations"] }).then(({ violations }) => violations)`;
    for (const { id, nodes } of await page.evaluate<Violation[]>(run))
      found.push(...nodes.map(({ html, failureSummary }) => `${colorScheme} ${id}: ${html}: ${failureSummary}`));
    await page.setViewportSize({ width, height });
  }
  return found;
}
