import { makePdf } from "@docrelay/testkit";
import type { Locator, Page } from "playwright-core";

export const FACT = "The lighthouse of Norrholm was painted green in 1931.";
export const pdf = (pages: string[], operators = 0): Buffer => Buffer.from(makePdf({ pages, operators }));
export const lighthouse = {
  name: "lighthouse.pdf",
  mimeType: "application/pdf",
  buffer: pdf([FACT, "Its keeper had two cats."]),
};

export const question = (page: Page): Locator => page.getByRole("textbox", { name: "Question" });
export const answers = (page: Page): Locator => page.locator(".answer");
export const ended = (page: Page, how: "completed" | "failed" | "cancelled"): Locator =>
  page.locator(`.answer[data-state="${how}"]`);
export async function ask(page: Page, text: string): Promise<void> {
  await question(page).fill(text);
  await question(page).press("Enter");
}
export async function streaming(page: Page): Promise<void> {
  await page.locator('.answer[data-state="asking"] .text:not(:empty)').waitFor();
}
