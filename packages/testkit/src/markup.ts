const TEXT: unique symbol = Symbol("text");

/**
 * HTML or SVG that may be put into a page without escaping. Only {@link markup} makes values of this type, so a plain
 * string cannot be used by mistake.
 */
export interface Markup {
  readonly [TEXT]: string;
  toString(): string;
}

type Value = string | number | Markup | readonly Markup[];

/**
 * A template for HTML and SVG. Strings and numbers are escaped for texts and for quoted attributes. Markup made by this
 * function, and lists of such markup, are inserted unchanged. `String(…)` of the result is the text.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const text = parts.reduce((sofar, part, index) => sofar + textOf(values[index - 1] ?? "") + part);
  return { [TEXT]: text, toString: () => text };
}

function textOf(value: Value): string {
  if (typeof value !== "object") return String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return TEXT in value ? value[TEXT] : value.map((one) => one[TEXT]).join("");
}
