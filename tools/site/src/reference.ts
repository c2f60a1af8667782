import { openApi } from "@docrelay/edge/openapi";
import { ERRORS } from "@docrelay/protocol";
import type { Page } from "./page.ts";

/** The used fields of an OpenAPI description and of the JSON Schemas in it. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}
interface Body {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly description?: string;
}
interface Operation {
  readonly summary: string;
  readonly security: readonly object[];
  readonly parameters?: ReadonlyArray<{ name: string; in: string; schema: Schema; description?: string }>;
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body>>;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Returns the pages that are generated from the code. `file` reads a document of the repository. */
export function referencePages(file: (path: string) => string): Page[] {
  const description = openApi() as unknown as Description;
  return [
    { path: "reference/errors.md", markdown: errors() },
    { path: "reference/events.md", markdown: events(description) },
    { path: "reference/http.md", markdown: http(description) },
    { path: "reference/settings.md", markdown: settings(file("README.md")), linksFrom: "README.md" },
    ...["client", "react", "ai-sdk"].map((name) => ({
      path: `reference/${name}.md`,
      markdown: `# @docrelay/${name}\n\nAll that the package exports, with its comments.\n\n\`\`\`ts\n${file(`packages/${name}/api.d.ts`)}\`\`\`\n`,
    })),
  ];
}

/** Returns the OpenAPI description as JSON, for programs that generate clients from it. */
export const openApiJson = (): string => `${JSON.stringify(openApi(), undefined, 2)}\n`;

function errors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { message, retryable, http: status, close }]) =>
      `| \`${code}\` | ${message} | ${retryable ? "yes" : "no"} | ${status} | ${close || ""} |`,
  );
  return [
    "# Errors\n",
    "What every client may get, over each endpoint. Switch on the code only. `retryAfterMs` says when to try again, `reason` more of the cause.\n",
    "| code | what users read | the same request may be tried again | HTTP | close code of a WebSocket |\n|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function events({ components }: Description): string {
  const all = components.schemas["Event"]?.oneOf ?? components.schemas["Event"]?.anyOf ?? [];
  return [
    "# Events\n",
    "The entries of a conversation's log, as `event` over Socket.IO and as `data` of a stream over HTTP. Fields with ? may be missing.\n",
    ...all.map((event) => `## ${String(event.properties?.["type"]?.const)}\n\n${fields(event)}`),
  ].join("\n");
}

function http({ paths, components }: Description): string {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => route(`${method.toUpperCase()} ${path}`, operation)),
  );
  const schemas = Object.entries(components.schemas)
    .filter(([name]) => name !== "Event")
    .map(([name, schema]) => `### ${name}\n\n${schema.properties ? fields(schema) : `${typeOf(schema)}\n`}`);
  return [
    "# HTTP API\n",
    "Made of the schemas that edges parse with. `GET /v1/openapi.json` of an edge is the same for generators of clients.\n",
    ...routes,
    "## Schemas\n",
    ...schemas,
  ].join("\n");
}

function route(name: string, { summary, parameters = [], requestBody, responses, security }: Operation): string {
  const [, visitors] = security;
  const refusals = Object.entries(responses).filter(([status]) => status >= "400");
  const bodies = Object.entries(responses).filter(([status]) => status < "400");
  return [
    `## ${name}\n`,
    `${summary}.${visitors ? " Also without a token where `AUTH_MODE=anonymous`." : ""}\n`,
    ...(parameters.length > 0 ? ["| parameter | in | type | |\n|---|---|---|---|"] : []),
    ...parameters.map(
      ({ name: one, in: place, schema, description = "" }) =>
        `| \`${one}\` | ${place} | ${typeOf(schema)} | ${description} |`,
    ),
    "",
    "| | media type | body |\n|---|---|---|",
    ...contents("request", requestBody),
    ...bodies.flatMap(([status, body]) => contents(status, body)),
    ...refusals.map(([status, { description = "" }]) => `| ${status} | | ${description} |`),
    "",
  ].join("\n");
}

function contents(what: string, body: Body | undefined): string[] {
  if (!body) return [];
  const all = Object.entries(body.content ?? {});
  if (all.length === 0) return [`| ${what} | | ${body.description ?? ""} |`];
  return all.map(([type, { schema }]) => `| ${what} | \`${type}\` | ${typeOf(schema)} |`);
}

function fields({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(
    ([name, schema]) => `| \`${name}\`${required.includes(name) ? "" : "?"} | ${typeOf(schema)} |`,
  );
  return `| field | type |\n|---|---|\n${rows.join("\n")}\n`;
}

function typeOf(schema: Schema): string {
  const { $ref, anyOf, oneOf, items, prefixItems, properties, type = "any" } = schema;
  if ($ref) return $ref.slice($ref.lastIndexOf("/") + 1);
  if ("const" in schema) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(" or ");
  const several = anyOf ?? oneOf;
  if (several) return [...new Set(several.map(typeOf))].join(" or ");
  if (prefixItems) return `[${prefixItems.map(typeOf).join(", ")}]`;
  if (items) return `list of ${typeOf(items)}`;
  if (properties)
    return `{ ${Object.entries(properties)
      .map(([name, one]) => `${name}: ${typeOf(one)}`)
      .join(", ")} }`;
  return type;
}

function settings(readme: string): string {
  const [, section = ""] = /^## Settings\n([^]*?)^## /m.exec(readme) ?? [];
  return `# Settings\n${section}`;
}
