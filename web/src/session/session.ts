import { AnswerClient } from '../answer/client.ts';
import type { Problem, RunEvent, Sending } from '../answer/node.ts';
import { parseAsWritten } from '../json/as-written.ts';
import { traced, untraced } from '../json/set-top.ts';
import { fromFragment, type Linked, toFragment } from '../share/link.ts';
import type { PlanNode } from '../waterfall/model.ts';
import { Download } from './download.ts';
import { firstOf } from './examples.ts';
import { browserStorage, History } from './history.ts';
import { type Pattern, PATTERNS } from './pattern.ts';
import { type Plan, Run } from './run.ts';
import { type SavedBatch, Service } from './service.ts';

/** How long a person has to pause in writing before the service is asked about it, in milliseconds. */
const PAUSE_MS = 250;

/** How a service answers a batch of one's own that takes none. */
const ADHOC_IS_OFF = new Set([403, 404]);

/** How often a service that was gone is asked whether it is back, in milliseconds. */
const AGAIN_MS = 1500;

/** What the page shows, and what can be done with it. */
export class Session {
  readonly service = new Service();
  readonly answers = new AnswerClient();
  readonly history = new History(browserStorage());
  readonly drafts: Record<Pattern, string> = {
    kv: firstOf('kv'),
    ordered: firstOf('ordered'),
    'first-reply': firstOf('first-reply'),
  };
  pattern: Pattern = PATTERNS[0];
  batches: readonly SavedBatch[] = [];
  /** The saved batch that is shown instead of the editor, with its parameters. */
  saved: SavedBatch | undefined;
  params: Record<string, unknown> = {};
  plan: Plan | undefined;
  faults: NonNullable<Problem['errors']> = [];
  /** Why there is no plan, if that is not the batch's own fault. */
  trouble: Problem | undefined;
  isReachable = true;
  run: Run | undefined;
  download: Download | undefined;
  /** Whether the picture is that of the run, or of the plan. */
  shows: 'plan' | 'run' = 'plan';
  /** Counts up with every change. */
  version = 0;

  readonly #listeners = new Set<() => void>();
  #explaining = new AbortController();
  #pause: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #linked: Linked | undefined = fromFragment(location.hash);

  constructor() {
    this.#take(this.#linked);
    addEventListener('hashchange', () => {
      this.#take((this.#linked = fromFragment(location.hash)));
      this.#takeSaved();
    });
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells all who look. */
  changed(): void {
    this.version += 1;
    for (const listener of this.#listeners) listener();
  }

  get text(): string {
    return this.saved ? JSON.stringify({ params: this.params }) : this.drafts[this.pattern];
  }

  get path(): string {
    return this.saved ? `batches/${encodeURIComponent(this.saved.name)}` : this.pattern;
  }

  /** Whether the service is asked by a key, or wants one: no link sends it. */
  get isKeyed(): boolean {
    return this.service.key !== '' || this.trouble?.status === 401;
  }

  get isRunning(): boolean {
    return (this.run !== undefined && this.run.over === undefined) || this.download?.state === 'coming';
  }

  /** A link to this page that holds what is in the editor. */
  get link(): string {
    const linked: Linked = this.saved
      ? { saved: this.saved.name, params: JSON.stringify(this.params) }
      : { pattern: this.pattern, text: this.text };
    return document.baseURI.replace(/#.*$/s, '') + toFragment(linked);
  }

  /** Asks what there is to ask for. */
  async open(): Promise<void> {
    const batches = await this.service.get<{ batches: readonly SavedBatch[] }>('batches');
    if ('value' in batches) this.batches = batches.value.batches;
    this.#takeSaved();
    await this.explain();
    // Where only saved batches may be run, the first of them stands there.
    const [first] = this.batches;
    if (first && !this.saved && ADHOC_IS_OFF.has(this.trouble?.status ?? 0)) this.showSaved(first);
  }

  useKey(key: string): void {
    this.service.key = key;
    void this.open();
  }

  /** Shows a pattern's editor, with another batch in it if one is given. */
  edit(pattern: Pattern, text = this.drafts[pattern]): void {
    this.pattern = pattern;
    this.saved = undefined;
    this.drafts[pattern] = text;
    this.#edited(0);
  }

  showSaved(saved: SavedBatch, params: Record<string, unknown> = {}): void {
    const own = Object.entries(saved.params.properties).map(([name, { default: value }]) => [name, value]);
    this.saved = saved;
    this.params = { ...(Object.fromEntries(own.filter(([, value]) => value !== undefined)) as object), ...params };
    this.#edited(0);
  }

  setParam(name: string, value: unknown): void {
    const { [name]: _old, ...others } = this.params;
    this.params = value === undefined ? others : { ...others, [name]: value };
    this.#edited(PAUSE_MS);
  }

  /** What stands in a pattern's editor now. */
  type(pattern: Pattern, text: string): void {
    if (this.drafts[pattern] === text) return;
    this.drafts[pattern] = text;
    this.#edited(PAUSE_MS);
  }

  /** Sends the batch, traced, and shows its answer as it comes. */
  start(): void {
    const run = new Run(this.#asked, this.saved?.pattern ?? this.pattern);
    run.follow(this.plan);
    this.run = run;
    // The worker asks for one thing at a time.
    if (this.download?.state === 'coming') this.download.state = 'stopped';
    else this.download = undefined;
    this.shows = 'run';
    if (!this.saved) this.history.add({ at: Date.now(), pattern: this.pattern, text: this.text });
    this.answers.run(this.#sending('application/x-ndjson', traced(this.text)), (said) => this.#heard(run, said));
    this.changed();
    if (!run.plan) void this.explain();
  }

  stop(): void {
    this.answers.stop();
  }

  /** Asks for the answer as a file of this media type, and saves it. */
  save(accept: string): void {
    this.#fetch(this.#sending(accept, untraced(this.text)));
  }

  /** Asks for a file once more, whatever has been written since. */
  saveAgain({ sending }: Download): void {
    this.#fetch(sending);
  }

  /** Asks what the batch would do, and shows that, or what is wrong with it. */
  async explain(): Promise<void> {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#explaining.abort();
    const { signal } = (this.#explaining = new AbortController());
    const asked = this.#asked;
    const body = this.saved ? this.text : untraced(this.text);
    const reply = await this.service.post<PlanNode>(`${this.path}?explain`, body, signal).catch(() => undefined);
    if (!reply || signal.aborted) return;
    if ('unreachable' in reply) return this.#lost();
    this.isReachable = true;
    const problem = 'problem' in reply ? reply.problem : undefined;
    // A saved batch has no plan for whom it is not explained to.
    this.faults = problem?.errors?.filter(({ parameter }) => parameter !== 'explain') ?? [];
    this.trouble = problem && !problem.errors ? problem : undefined;
    this.plan = 'value' in reply ? { asked, root: reply.value, text: reply.text } : undefined;
    this.run?.follow(this.plan);
    // It is busy: then it is asked once more.
    if (problem?.status === 503) this.#pause = setTimeout(() => void this.explain(), AGAIN_MS);
    this.changed();
  }

  #fetch(sending: Sending): void {
    const download = new Download(sending);
    this.download = download;
    // The worker asks for one thing at a time.
    if (this.run) this.run.over ??= 'stopped';
    this.answers.download(sending, (said) => {
      download.hear(said);
      this.#ended(download.state);
      this.changed();
    });
    this.changed();
  }

  get #asked(): string {
    return `${this.path} ${this.text}`;
  }

  #sending(accept: string, body: string): Sending {
    const headers = { ...this.service.headers(accept), 'content-type': 'application/json' };
    return { url: this.service.url(this.path), headers, body };
  }

  #heard(run: Run, said: RunEvent): void {
    run.hear(said);
    this.#ended(run.over);
    this.changed();
  }

  /** Where a connection broke, the service may be gone or not: it is asked. */
  #ended(why: Run['over'] | Download['state']): void {
    if (why === 'unreachable') this.#lost();
    else if (why === 'cut') void this.explain();
  }

  #edited(ms: number): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.explain(), ms);
    if (!this.isRunning) this.shows = 'plan';
    this.changed();
  }

  /** Asks again and again until the service is back. */
  #lost(): void {
    clearTimeout(this.#again);
    this.isReachable = false;
    this.changed();
    this.#again = setTimeout(() => void this.open(), AGAIN_MS);
  }

  #take(linked: Linked | undefined): void {
    if (!linked || !('pattern' in linked)) return;
    this.edit(linked.pattern, linked.text);
  }

  #takeSaved(): void {
    const linked = this.#linked;
    if (!linked || !('saved' in linked)) return;
    const saved = this.batches.find(({ name }) => name === linked.saved);
    if (!saved) return;
    this.#linked = undefined;
    try {
      this.showSaved(saved, parseAsWritten(linked.params) as Record<string, unknown>);
    } catch {
      this.showSaved(saved);
    }
  }
}
