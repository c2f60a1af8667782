import * as z from "zod";
import { url } from "./config.ts";

/**
 * Matches a bucket with an optional prefix. Names may have letters, digits and `._-`, as S3 allows in buckets, and a
 * prefix also slashes. These characters need no escapes in XML.
 */
const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w.-]+(?:\/[\w.-]+)*)?\/?)?$/;
const SSE = /^(AES256|aws:kms)(?::([\w:/-]{1,2048}))?$/;

/** The settings of every process that reads or writes the bytes of files. */
export const storageSettings = {
  BLOB_STORE: z
    .string()
    .default("redis")
    .refine(
      (spec) => spec === "redis" || /^file:\/.+/.test(spec) || S3.test(spec),
      "must be redis, file:/an/absolute/folder or s3://bucket/prefix",
    ),
  /** The URL of the S3 server. Default: Amazon's endpoint for the region. */
  S3_ENDPOINT: url(["https:", "http:"]).optional(),
  S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "must be the name of a region, like eu-central-1")
    .default("us-east-1"),
  /**
   * Whether the bucket's name is in the URL's path. Default: `true` if `S3_ENDPOINT` is set, because servers other than
   * Amazon's rarely have a host name for each bucket.
   */
  S3_FORCE_PATH_STYLE: z.enum(["true", "false"], { error: "must be true or false" }).optional(),
  /** How the server encrypts objects: `AES256`, `aws:kms` or `aws:kms:<key>`. Default: the bucket's own setting. */
  S3_SSE: z.string().regex(SSE, "must be AES256, aws:kms or aws:kms:<key>").optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
};

type Settings = z.output<z.ZodObject<typeof storageSettings>>;
type KeySetting = "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY";

/** Rules about more than one setting, for `schema.check(...)`. They are checked even if other settings are wrong. */
export const storageRules = (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const).map((name) =>
  z.refine<Pick<Settings, "BLOB_STORE" | KeySetting>>(
    (settings) => !settings.BLOB_STORE?.startsWith("s3:") || settings[name] !== undefined,
    { path: [name], error: "is missing: BLOB_STORE=s3://… needs it", when: () => true },
  ),
);

/**
 * Returns the bucket that `BLOB_STORE` names, and how to use it; undefined when it names none. The result holds
 * secrets: never log it.
 */
export function s3PlaceOf(settings: Settings): S3PlaceSettings | undefined {
  const [, bucket, prefix] = S3.exec(settings.BLOB_STORE) ?? [];
  if (bucket === undefined) return undefined;
  const { S3_ENDPOINT: endpoint, S3_REGION: region, S3_FORCE_PATH_STYLE: pathStyle } = settings;
  const [, algorithm, key] = SSE.exec(settings.S3_SSE ?? "") ?? [];
  return {
    endpoint: endpoint ?? `https://s3.${region}.amazonaws.com`,
    region,
    bucket,
    prefix: prefix ? `${prefix}/` : "",
    // For a bucket name with a dot, Amazon's certificate for *.s3… is not valid.
    forcePathStyle: pathStyle === undefined ? endpoint !== undefined || bucket.includes(".") : pathStyle === "true",
    accessKeyId: settings.AWS_ACCESS_KEY_ID ?? "",
    secretAccessKey: settings.AWS_SECRET_ACCESS_KEY ?? "",
    sessionToken: settings.AWS_SESSION_TOKEN,
    ...(algorithm !== undefined && { sse: { algorithm, key } }),
  };
}

export interface S3PlaceSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The beginning of the names of all objects: empty, or a text that ends with a slash. */
  readonly prefix: string;
  readonly forcePathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly sse?: { readonly algorithm: string; readonly key: string | undefined };
}
