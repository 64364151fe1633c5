/** What `codap --help` prints. */
export const HELP = `codap: one batch of datastore queries in, one answer out

  codap demo [--callers]       embedded stores with sample data; needs nothing else
  codap serve [file]           serves a configuration: the file, else CODAP_CONFIG, else ./codap.yaml
  codap check <file> [--ping]  checks a configuration and, with --ping, asks every source
  codap schema                 prints the JSON Schema of a configuration, for editors
  codap key [name]             makes a key for a caller, and its hash for the configuration
  codap start                  serve where CODAP_CONFIG is set or ./codap.yaml is there, else demo

  --host <address>             where to listen, else CODAP_HOST, else the configuration's
  --port <number>              likewise, else CODAP_PORT or PORT
  --callers                    the demo has two callers, and prints their keys
  --help, --version

  SIGHUP                       has serve read its configuration again

  CODAP_LOG_LEVEL              trace, debug, info, warn, error, fatal or silent

Exit status: 0; 1 for a fault; 2 for a command line that cannot be read.`;
