/**
 * The declaration files that the compiler has written, by their path below the package's sources, such as
 * `link/socket.d.ts`.
 */
export type DeclarationFiles = ReadonlyMap<string, string>;

interface Statement {
  readonly name: string;
  readonly file: string;
  /** The declaration with its comment, without `export`. */
  readonly text: string;
  readonly kind: string;
  /** The names that the declaration mentions: `types` has those of types and classes, `values` those after `typeof`. */
  readonly types: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
}
const VALUES: ReadonlySet<string> = new Set(["class", "function", "const"]);
type Statements = ReadonlyMap<string, readonly Statement[]>;

const FROM = /^(import|export) (?:type )?\{([^}]*)\} from "([^"]+)";$/gm;
/** Matches the beginning of a declaration, which is in the first column of a line. */
const BEGIN =
  /^(?=(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|let|enum|namespace) |import |export )/m;
const DECLARED = /^(?:export )?((?:declare )?(?:interface|type|class|function|const)) ([A-Za-z_$][\w$]*)/;
const COMMENT_AT_END = /([;}])\s*(\/\*\*(?:(?!\*\/)[^])*\*\/)$/;

/**
 * Returns the text of one declaration file for a package: the exports of its `index` and everything that they mention,
 * under the names that the sources use.
 * @param dependencies the packages whose types the file may name
 * @throws Error where the file would be wrong: a kind of declaration that this module does not know, two declarations
 * of one name, or a type of a package that users do not have
 */
export function rollUp(files: DeclarationFiles, dependencies: readonly string[]): string {
  const statements = new Map<string, Statement[]>();
  for (const statement of [...files].flatMap(([file, source]) => statementsOf(file, source)))
    statements.set(statement.name, [...(statements.get(statement.name) ?? []), statement]);
  const exported = exportsOf(files.get("index.d.ts") ?? "");
  const reached = reach(exported, statements);
  const typesOnly = new Set(reached.filter(({ kind }) => !VALUES.has(kind)).map(({ name }) => name));
  const list = exported.map((name) => (typesOnly.has(name) ? `type ${name}` : name));
  return [
    ...importsOf(files, reached, dependencies),
    ...reached.map(({ text }) => text),
    `export { ${list.join(", ")} };\n`,
  ].join("\n");
}

/** Returns the declarations of these names, and all that these mention, directly or through others. */
function reach(names: readonly string[], statements: Statements): Statement[] {
  const reached = new Map<string, Statement>();
  function visit(name: string, fits: (statement: Statement) => boolean): void {
    const [statement, other] = statements.get(name)?.filter(fits) ?? [];
    if (!statement || reached.has(name)) return;
    if (other) throw new Error(`${statement.file} and ${other.file} both declare ${name}`);
    reached.set(name, statement);
    for (const type of statement.types) visit(type, ({ kind }) => kind === "class" || !VALUES.has(kind));
    for (const value of statement.values) visit(value, ({ kind }) => VALUES.has(kind));
  }
  for (const name of names) visit(name, () => true);
  const missing = names.find((name) => !reached.has(name));
  if (missing !== undefined) throw new Error(`index exports ${missing}, which no file declares`);
  return [...reached.values()].toSorted((one, two) => (one.name < two.name ? -1 : 1));
}

function importsOf(files: DeclarationFiles, reached: readonly Statement[], dependencies: readonly string[]): string[] {
  const own = new Set(reached.map(({ name }) => name));
  const all = reached.flatMap(({ types, values }) => [...types, ...values]);
  const mentioned = new Set(all.filter((name) => !own.has(name)));
  const packages = new Map<string, Set<string>>();
  for (const { list, from } of [...files.values()].flatMap(joinsOf)) {
    if (from.startsWith(".")) continue;
    const used = list.filter((name) => mentioned.has(name));
    if (used.length > 0 && !dependencies.includes(from)) throw new Error(`a public type names ${used[0]} of ${from}`);
    packages.set(from, new Set([...(packages.get(from) ?? []), ...used]));
  }
  return [...packages].flatMap(([from, names]) =>
    names.size > 0 ? [`import type { ${[...names].toSorted().join(", ")} } from "${from}";`] : [],
  );
}

function statementsOf(file: string, source: string): Statement[] {
  const parts = source.replaceAll(FROM, "").replaceAll("export {};", "").split(BEGIN);
  let comment = "";
  return parts.flatMap((part) => {
    // Each part begins with a declaration; only the first part may have nothing but a comment. A comment at the end of
    // a part belongs to the declaration of the next part.
    const text = part.trim();
    const before = comment;
    comment = COMMENT_AT_END.exec(text)?.[2] ?? (text.startsWith("/**") && text.endsWith("*/") ? text : "");
    const code = text.slice(0, text.length - comment.length).trim();
    if (code === "" || code.startsWith("/*")) return [];
    const [, kind, name] = DECLARED.exec(code) ?? [];
    if (kind === undefined || name === undefined) throw new Error(`${file}: cannot join ${code.slice(0, 80)}`);
    const bare = code.replace(/^export /, "");
    return [
      {
        name,
        file,
        kind: kind.replace("declare ", ""),
        text: before === "" ? bare : `${before}\n${bare}`,
        ...mentions(bare),
      },
    ];
  });
}

/**
 * Finds the names that a declaration mentions. A name before `:`, `?:` or `(` is left out: it names a property or
 * method.
 */
function mentions(text: string): Pick<Statement, "types" | "values"> {
  const code = text.replaceAll(/\/\*[^]*?\*\/|"(?:[^"\\]|\\.)*"/g, " ");
  const values = [...code.matchAll(/\btypeof ([A-Za-z_$][\w$]*)/g)].map(([, name = ""]) => name);
  const types = code.replaceAll(/\btypeof [\w$]+/g, " ").match(/[A-Za-z_$][\w$]*(?![\w$]|\??[:(])/g) ?? [];
  return { types: new Set(types), values: new Set(values) };
}

function exportsOf(index: string): string[] {
  return joinsOf(index)
    .flatMap(({ kind, list }) => (kind === "export" ? list : []))
    .toSorted();
}

function joinsOf(source: string): { kind: string; list: string[]; from: string }[] {
  return [...source.matchAll(FROM)].map(([join, kind = "", names = "", from = ""]) => {
    if (/\bas\b/.test(names)) throw new Error(`cannot join ${join}: a name has to be the same everywhere`);
    const list = names.split(",").map((name) => name.trim().replace(/^type /, ""));
    return { kind, from, list: list.filter((name) => name !== "") };
  });
}
