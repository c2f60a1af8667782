import { describe, expect, it } from "vitest";
import * as z from "zod";
import { parseEnv } from "./config.ts";
import { s3PlaceOf, storageRules, storageSettings } from "./storage-settings.ts";

const schema = z.object(storageSettings).check(...storageRules);
const KEYS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
const read = (env: Record<string, string>): unknown => {
  const parsed = parseEnv(schema, env);
  return parsed.ok ? s3PlaceOf(parsed.config) : parsed.problems;
};

describe("settings of object storage", () => {
  it.each([
    ["Amazon's by default", {}, { endpoint: "https://s3.us-east-1.amazonaws.com", prefix: "", forcePathStyle: false }],
    [
      "another region's",
      { S3_REGION: "eu-central-1" },
      { endpoint: "https://s3.eu-central-1.amazonaws.com", region: "eu-central-1" },
    ],
    [
      "those of an own server",
      { BLOB_STORE: "s3://bucket/a/b/", S3_ENDPOINT: "http://minio:9000" },
      { endpoint: "http://minio:9000", prefix: "a/b/", forcePathStyle: true },
    ],
    [
      "those of an own server with host names",
      { S3_ENDPOINT: "http://minio:9000", S3_FORCE_PATH_STYLE: "false" },
      { forcePathStyle: false },
    ],
    ["with a bucket that no certificate fits", { BLOB_STORE: "s3://a.bucket" }, { forcePathStyle: true }],
    ["with encryption", { S3_SSE: "AES256" }, { sse: { algorithm: "AES256", key: undefined } }],
    ["with a key of one's own", { S3_SSE: "aws:kms:alias/r" }, { sse: { algorithm: "aws:kms", key: "alias/r" } }],
    [
      "with a key that ends",
      { AWS_SESSION_TOKEN: "t" },
      { sessionToken: "t", accessKeyId: "id", secretAccessKey: "secret" },
    ],
  ])("are %s", (_what, env, place) =>
    expect(read({ BLOB_STORE: "s3://bucket", ...KEYS, ...env })).toMatchObject(place),
  );

  it("are not used for other stores", () => {
    expect(read({ BLOB_STORE: "file:/srv", S3_ENDPOINT: "http://minio:9000" })).toBeUndefined();
    expect(read({})).toBeUndefined();
  });

  it.each([
    [{ BLOB_STORE: "s3://bucket" }, [/^AWS_ACCESS_KEY_ID is missing/, /^AWS_SECRET_ACCESS_KEY is missing/]],
    [{ BLOB_STORE: "s3://Bucket", ...KEYS }, [/^BLOB_STORE must be redis, file:.* or s3:/]],
    [{ BLOB_STORE: "s3://bucket/a&b", ...KEYS }, [/^BLOB_STORE must be/]],
    [{ BLOB_STORE: "s3://bucket/a//b", ...KEYS }, [/^BLOB_STORE must be/]],
    [{ S3_ENDPOINT: "minio:9000" }, [/^S3_ENDPOINT must be a URL/]],
    [{ S3_FORCE_PATH_STYLE: "yes" }, [/^S3_FORCE_PATH_STYLE must be true or false/]],
    [{ S3_SSE: "rot13" }, [/^S3_SSE must be AES256/]],
  ])("say what is wrong with %j", (env, sentences) => {
    expect(read(env)).toEqual(sentences.map((sentence) => expect.stringMatching(sentence)));
  });
});
