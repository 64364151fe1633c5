/** A value of an answer as it is shown before anyone looks into it. */
export interface ValueNode {
  /** The line that it stands in, and where. */
  readonly line: number;
  readonly from: number;
  readonly kind: 'object' | 'list' | 'string' | 'number' | 'boolean' | 'null';
  /** A plain value as JSON, cut if it is long; of an object or list nothing. */
  readonly text: string;
  readonly isCut: boolean;
  /** How many members it has; nothing where there are too many to count at once. */
  readonly members: number | undefined;
}

/** A member of an object or list. */
export interface MemberNode {
  readonly key: string | number;
  readonly value: ValueNode;
}

/** What a line of an answer tells, beside its value. */
export interface Frame {
  readonly event: 'reply' | 'end' | 'item';
  readonly path: string;
  readonly status: string;
  readonly as?: string;
  readonly ms?: number;
  readonly count?: number;
  readonly items?: number;
  readonly winner?: number;
  readonly defaulted?: boolean;
  readonly complete?: boolean;
  readonly counts?: Readonly<Record<string, number>>;
  readonly error?: { readonly code: string; readonly message: string; readonly [more: string]: unknown };
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly trace?: Trace;
  readonly value?: ValueNode;
}

/** What a trace holds; see `Told`. */
export interface Trace {
  readonly plannedMs?: number;
  readonly ms?: number;
  readonly ended?: number;
  readonly members?: readonly object[];
  readonly [more: string]: unknown;
}

/** A problem (RFC 9457), as far as it is shown. */
export interface Problem {
  readonly status: number;
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly source?: string;
  readonly path?: string;
  readonly errors?: readonly { readonly pointer?: string; readonly parameter?: string; readonly detail: string }[];
}

/** What is to be sent. */
export interface Sending {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the page asks of the worker. */
export type Ask =
  | { readonly ask: 'run'; readonly run: number; readonly sending: Sending }
  | { readonly ask: 'download'; readonly run: number; readonly sending: Sending }
  | { readonly ask: 'stop'; readonly run: number }
  | {
      readonly ask: 'members';
      readonly id: number;
      readonly line: number;
      readonly from: number;
      readonly skip: number;
      readonly take: number;
    }
  | { readonly ask: 'items'; readonly id: number; readonly path: string; readonly skip: number; readonly take: number }
  | { readonly ask: 'text'; readonly id: number; readonly line: number; readonly from: number; readonly most: number }
  | { readonly ask: 'whole'; readonly id: number; readonly plan: string; readonly most: number };

/** What the worker says of a run. */
export type RunEvent =
  | { readonly event: 'frames'; readonly frames: readonly Frame[]; readonly items: ReadonlyMap<string, number> }
  | {
      readonly event: 'progress';
      readonly bytes: number;
      readonly total: number | undefined;
      readonly filename: string;
    }
  | { readonly event: 'blob'; readonly blob: Blob; readonly filename: string; readonly complete: boolean | undefined }
  | { readonly event: 'problem'; readonly problem: Problem }
  | { readonly event: 'over'; readonly why: 'end' | 'stopped' | 'cut' | 'unreachable' | 'full' };

/** What the worker answers. */
export type Answer =
  | { readonly run: number; readonly said: RunEvent }
  | { readonly id: number; readonly members: readonly MemberNode[] }
  | { readonly id: number; readonly text: string; readonly isCut: boolean };
