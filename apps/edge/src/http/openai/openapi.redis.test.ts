import { ERRORS, eventSchema, httpErrorSchema } from "@docrelay/protocol";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { useEdges } from "../../../test/fixture.ts";
import { openApi } from "../openapi/openapi.ts";
import { createOpenAiRoutes } from "./routes.ts";
import { createRoutes, type RouteDeps } from "../api/routes.ts";

const relay = useEdges();
interface Document {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  components: { schemas: Record<string, { properties?: Record<string, unknown> }> };
}
const document = openApi() as unknown as Document;

describe("/v1/openapi.json", () => {
  it("is served to anybody, and to pages of any origin that may ask", async () => {
    const response = await fetch(`http://127.0.0.1:${relay.edges[0]?.port}/v1/openapi.json`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(document);
  });

  it("is valid OpenAPI 3.1", async () => {
    expect(await new Validator().validate(JSON.stringify(document, null, 1))).toMatchObject({ valid: true });
  });

  it("describes each route and no other", () => {
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    const routes = [...createRoutes({} as RouteDeps), ...createOpenAiRoutes({} as RouteDeps)].map(({ name }) => name);
    expect(described.toSorted()).toEqual([...routes, "POST /v1/session"].toSorted());
  });

  it("has the schemas and statuses of the protocol", () => {
    const { $schema: _version, ...event } = z.toJSONSchema(eventSchema, { io: "input" });
    expect(document.components.schemas["Event"]).toEqual(event);
    const error = z.toJSONSchema(httpErrorSchema, { io: "input" });
    expect(document.components.schemas["Error"]?.properties).toEqual(error.properties);
    const statuses = new Set(Object.values(ERRORS).map(({ http }) => String(http)));
    for (const operations of Object.values(document.paths)) {
      for (const { responses } of Object.values(operations)) {
        const refusals = Object.keys(responses).filter((status) => Number(status) >= 400);
        expect(refusals.filter((status) => !statuses.has(status))).toEqual([]);
      }
    }
  });
});
