import type * as z from "zod";

export function settingNames(schema: z.ZodType): string[] {
  const inner = "shape" in schema ? schema : (schema as z.ZodPipe<z.ZodObject>).in;
  return Object.keys((inner as z.ZodObject).shape);
}
