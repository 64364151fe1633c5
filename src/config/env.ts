/** The variables that `${NAME}` in a configuration is filled in from. */
export type Env = Readonly<Record<string, string | undefined>>;
