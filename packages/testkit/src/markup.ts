const TEXT: unique symbol = Symbol("text");

/** HTML or SVG that may stand in a page as it is. Only {@link markup} makes it, so a plain string is never taken for it. */
export interface Markup {
  readonly [TEXT]: string;
  toString(): string;
}

type Value = string | number | Markup | readonly Markup[];

/**
 * A template for HTML and SVG. Strings and numbers are escaped, for texts and for quoted attributes; markup made by this
 * function, and lists of it, stand as they are. `String(…)` of the result is the text.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const text = parts.reduce((sofar, part, index) => sofar + textOf(values[index - 1] ?? "") + part);
  return { [TEXT]: text, toString: () => text };
}

function textOf(value: Value): string {
  if (typeof value !== "object") return String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return TEXT in value ? value[TEXT] : value.map((one) => one[TEXT]).join("");
}
