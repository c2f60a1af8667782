declare module "@20minutes/s3rver" {
  /** The part of the package that tests use; the package has no types. */
  const S3rver: new (options: {
    address: string;
    port: number;
    silent: boolean;
    directory: string;
    configureBuckets: ReadonlyArray<{ name: string; configs: readonly string[] }>;
  }) => { run(): Promise<unknown>; close(): Promise<unknown> };
  export = S3rver;
}
