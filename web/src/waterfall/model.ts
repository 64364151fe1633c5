/** A part of what `?explain` answers: the whole, a group, a query, or what runs for each item. */
export interface PlanNode {
  readonly pattern?: string;
  readonly source?: string;
  readonly op?: string;
  readonly as?: unknown;
  readonly timeoutMs?: number;
  readonly take?: number;
  readonly hidden?: boolean;
  readonly stream?: boolean;
  readonly select?: unknown;
  readonly default?: unknown;
  readonly after?: readonly string[];
  readonly when?: unknown;
  readonly unless?: unknown;
  readonly forEach?: { readonly concurrency?: number };
  readonly queries?: Readonly<Record<string, PlanNode>> | readonly PlanNode[];
}

/** A call of a store; times in milliseconds from the batch's start. */
export interface Attempt {
  readonly started: number;
  readonly ended?: number;
  readonly code?: string;
  readonly hedge?: boolean;
}

/** What a trace tells of one reply. */
export interface Told {
  readonly path: string;
  readonly status: string;
  readonly code?: string | undefined;
  readonly queued?: number;
  readonly started?: number;
  readonly ended?: number;
  /** How long it took, as the reply itself says. */
  readonly ms?: number;
  readonly attempts?: readonly Attempt[];
  readonly cache?: 'hit' | 'stale' | 'miss';
  readonly shared?: 'coalesced' | 'merged';
  readonly after?: readonly string[];
  readonly winner?: number | undefined;
  readonly defaulted?: boolean | undefined;
}

/** How it stands with a row. */
export type RowStatus =
  | 'planned'
  | 'waiting'
  | 'running'
  | 'ok'
  | 'partial'
  | 'error'
  | 'skipped'
  | 'cancelled'
  | 'hidden'
  | 'untold';

/** A row of the waterfall. */
export interface Row {
  readonly path: string;
  readonly label: string;
  /** Source and op of a query, or what kind of group it is. */
  readonly detail: string;
  readonly depth: number;
  readonly kind: 'query' | 'group' | 'forEach';
  readonly status: RowStatus;
  readonly told: Told | undefined;
  readonly timeoutMs: number | undefined;
  /** The paths it waits for. */
  readonly dependsOn: readonly string[];
  readonly isWinner: boolean;
  /** Whether its members are shown; nothing where it has none. */
  readonly isOpen: boolean | undefined;
  /** How many members it has. */
  readonly members: number;
  /** From where to where it is drawn before anything has run: places in the order of waiting. */
  readonly place: { readonly from: number; readonly to: number };
  /** When it could begin, as far as that is known, in milliseconds from the batch's start. */
  readonly since: number | undefined;
  /** Of what is not told of yet, when the first that waited for it could begin. */
  readonly until: number | undefined;
}
