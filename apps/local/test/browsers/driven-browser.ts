import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A browser with one page. A test drives the browser by a protocol of the W3C: WebDriver or WebDriver BiDi. */
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
  /**
   * Presses and releases keys one after another. Each character of `keys` is a key; the values of `KEYS` are
   * characters, too.
   */
  press(keys: string): Promise<void>;
  /** Chooses files in the file input that `selector` finds. */
  choose(selector: string, paths: readonly string[]): Promise<void>;
}

/**
 * Keys that type no character, by their names in WebDriver. `shift` stays pressed until all keys after it were pressed.
 */
export const KEYS = { shift: "\uE008", tab: "\uE004", enter: "\uE007", escape: "\uE00C", right: "\uE014" } as const;

/** Returns the actions that press these keys, as the argument `actions` of both protocols. */
export function keyActions(keys: string): object[] {
  const down = (value: string): object => ({ type: "keyDown", value });
  const up = (value: string): object => ({ type: "keyUp", value });
  const held: string = KEYS.shift;
  const actions = [...keys].flatMap((key) => (key === held ? [down(key)] : [down(key), up(key)]));
  return [{ type: "key", id: "keyboard", actions: keys.includes(held) ? [...actions, up(held)] : actions }];
}

/**
 * Returns the path of a program: the value of the environment variable `variable`, otherwise the first of `names` on
 * the PATH. Returns undefined if there is neither.
 */
export function findProgram(variable: string, names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
  return process.env[variable] ?? found;
}
