/** What speaks the MongoDB protocol where no engine runs containers: a package of the Python index. */
export const SECANTUSDB = { name: 'SecantusDB', version: '0.7.0b3' } as const;

/** What reads OpenMetrics as Prometheus' own library for Python does. */
export const PROMETHEUS_CLIENT = { name: 'prometheus_client', version: '0.26.0' } as const;

/** What speaks S3 where no engine runs containers: a Go program. docker-compose.yml runs the same version. */
export const VERSITYGW = { name: 'github.com/versity/versitygw/cmd/versitygw', version: '1.8.0' } as const;
