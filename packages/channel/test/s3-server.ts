import S3rver from "@20minutes/s3rver";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Place } from "../src/index.ts";

/** Starts an S3-compatible server in this process, with one bucket, `relay`. It does not support conditional writes. */
export async function startS3(): Promise<{ port: number; place: S3Place } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "docrelay-s3-"));
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: "relay", configs: [] }],
  });
  const { port } = (await server.run()) as AddressInfo;
  const place: S3Place = {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    bucket: "relay",
    prefix: "some/where/",
    forcePathStyle: true,
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
  };
  return {
    port,
    place,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
