import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * A browser with one page, which a test drives by a protocol of the W3C (WebDriver or WebDriver BiDi). It has only the
 * functions that a smoke test needs.
 */
export interface DrivenBrowser extends AsyncDisposable {
  /** Returns the errors that the page has logged or thrown. */
  problems(): Promise<readonly string[]>;
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /**
   * Evaluates an expression in the page, awaits its result, and returns it as a JSON value. @throws Error with what the
   * expression throws.
   */
  evaluate<T>(expression: string): Promise<T>;
  /** Presses and releases these keys one after another: characters, and values of `KEYS`. */
  press(keys: string): Promise<void>;
  /** Chooses files in a file input, as a person does in the browser's own dialog. */
  choose(selector: string, paths: readonly string[]): Promise<void>;
}

/** Keys that type no character, as WebDriver names them. Shift stays pressed while the keys after it are pressed. */
export const KEYS = { shift: "\uE008", tab: "\uE004", enter: "\uE007", escape: "\uE00C", right: "\uE014" } as const;

/** Returns the actions that press these keys, in the form that both protocols accept. */
export function keyActions(keys: string): object[] {
  const down = (value: string): object => ({ type: "keyDown", value });
  const up = (value: string): object => ({ type: "keyUp", value });
  const held: string = KEYS.shift;
  const actions = [...keys].flatMap((key) => (key === held ? [down(key)] : [down(key), up(key)]));
  return [{ type: "key", id: "keyboard", actions: keys.includes(held) ? [...actions, up(held)] : actions }];
}

/**
 * Returns the path of a browser or its driver: from the environment variable, or a program on the PATH; undefined if it
 * is not installed.
 */
export function findProgram(variable: string, names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
  return process.env[variable] ?? found;
}
