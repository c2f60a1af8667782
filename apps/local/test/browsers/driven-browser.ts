import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A browser that is driven by a protocol of the W3C, with one page, as far as a smoke test needs it. */
export interface DrivenBrowser extends AsyncDisposable {
  /** What the page logged as errors or threw. */
  problems(): Promise<readonly string[]>;
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** The value of an expression, awaited; it can be written as JSON. @throws Error of what it throws */
  evaluate<T>(expression: string): Promise<T>;
  /** Presses and releases keys one after another: characters, and those of `KEYS`. */
  press(keys: string): Promise<void>;
  /** Puts files into a file input, as a person does in the browser's own dialog. */
  choose(selector: string, paths: readonly string[]): Promise<void>;
}

/** Keys without a character, as WebDriver names them. Shift is held for the keys after it. */
export const KEYS = { shift: "\uE008", tab: "\uE004", enter: "\uE007", escape: "\uE00C", right: "\uE014" } as const;

/** Pressing of keys as both protocols of the W3C take it. */
export function keyActions(keys: string): object[] {
  const down = (value: string): object => ({ type: "keyDown", value });
  const up = (value: string): object => ({ type: "keyUp", value });
  const held: string = KEYS.shift;
  const actions = [...keys].flatMap((key) => (key === held ? [down(key)] : [down(key), up(key)]));
  return [{ type: "key", id: "keyboard", actions: keys.includes(held) ? [...actions, up(held)] : actions }];
}

/** A browser or its driver: a variable names it, or it is on PATH. Undefined where it is not installed. */
export function findProgram(variable: string, names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
  return process.env[variable] ?? found;
}
