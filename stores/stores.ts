/** How an S3 client signs in. */
export interface S3Access {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** The addresses of a MongoDB and an S3 server, and how to let them go. */
export interface Stores extends AsyncDisposable {
  readonly mongoUrl: string;
  readonly s3Endpoint: string;
  readonly s3: S3Access;
  /** Ends the servers and drops their data. */
  close(): Promise<void>;
}

/**
 * The sign-in of every S3 server started here, in docker-compose.yml too: known to all, and so for loopback
 * alone.
 */
export const S3_ACCESS: S3Access = { accessKeyId: 'codap', secretAccessKey: 'codap-secret', region: 'eu-west-1' };
