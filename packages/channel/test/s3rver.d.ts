declare module "@20minutes/s3rver" {
  /** What the tests use of it; it comes without types. */
  const S3rver: new (options: {
    address: string;
    port: number;
    silent: boolean;
    directory: string;
    configureBuckets: ReadonlyArray<{ name: string; configs: readonly string[] }>;
  }) => { run(): Promise<unknown>; close(): Promise<unknown> };
  export = S3rver;
}
