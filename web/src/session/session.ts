import { AnswerClient } from '../answer/client.ts';
import type { RunEvent, Sending } from '../answer/node.ts';
import { traced, untraced } from '../json/set-top.ts';
import { Download } from './download.ts';
import { firstOf } from './examples.ts';
import { Explaining } from './explaining.ts';
import { browserStorage, type Drafts, History } from './history.ts';
import { Linking, linkTo } from './linking.ts';
import { type Pattern, PATTERNS } from './pattern.ts';
import { Run } from './run.ts';
import { type SavedBatch, Service } from './service.ts';

/** How long a person has to pause in writing before the service is asked about it, in milliseconds. */
const PAUSE_MS = 250;

/** How a service answers a batch of one's own that takes none. */
const ADHOC_IS_OFF = new Set([403, 404]);

/** What the page shows, and what can be done with it. */
export class Session {
  readonly service = new Service();
  readonly answers = new AnswerClient();
  readonly history = new History(
    new URL('.', document.baseURI).pathname,
    browserStorage('localStorage'),
    browserStorage('sessionStorage'),
  );
  readonly #kept = this.history.drafts();
  readonly drafts: Record<Pattern, string> = {
    kv: firstOf('kv'),
    ordered: firstOf('ordered'),
    'first-reply': firstOf('first-reply'),
    ...this.#kept?.texts,
  };
  pattern: Pattern = this.#kept?.pattern ?? PATTERNS[0];
  batches: readonly SavedBatch[] = [];
  /** The saved batch that is shown instead of the editor, with its parameters. */
  saved: SavedBatch | undefined;
  params: Record<string, unknown> = {};
  run: Run | undefined;
  download: Download | undefined;
  /** Whether the picture is that of the run, or of the plan. */
  shows: 'plan' | 'run' = 'plan';
  /** What the service says of the batch that stands there. */
  readonly explaining = new Explaining(this.service, {
    question: () => ({ asked: this.#asked, path: this.path, body: this.saved ? this.text : untraced(this.text) }),
    told: () => {
      this.run?.follow(this.explaining.plan);
      this.changed();
    },
    open: () => this.open(),
  });

  readonly #listeners = new Set<() => void>();
  readonly #linking = new Linking(this, this.#kept);

  constructor() {
    // No later event is sure to come.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) return;
      this.history.keep({ pattern: this.pattern, texts: this.drafts, saved: this.#form ?? this.#linking.waiting });
    });
    // Another tab has run something, or turned the history on or off.
    addEventListener('storage', () => {
      this.history.heed();
      this.changed();
    });
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells all who look. */
  changed(): void {
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
    return this.service.key !== '' || this.explaining.trouble?.status === 401;
  }

  get isRunning(): boolean {
    return (this.run !== undefined && this.run.over === undefined) || this.download?.state === 'coming';
  }

  /** A link to this page that holds what is in the editor. */
  get link(): string {
    return linkTo(this.#form ?? { pattern: this.pattern, text: this.text });
  }

  /** Asks what there is to ask for. */
  async open(): Promise<void> {
    this.#linking.take();
    const batches = await this.service.get<{ batches: readonly SavedBatch[] }>('batches');
    if ('value' in batches) this.batches = batches.value.batches;
    this.#linking.take();
    await this.explaining.ask();
    // Where only saved batches may be run, the first of them stands there.
    const [first] = this.batches;
    if (first && !this.saved && ADHOC_IS_OFF.has(this.explaining.trouble?.status ?? 0)) this.showSaved(first);
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
    run.follow(this.explaining.plan);
    this.run = run;
    // The worker asks for one thing at a time.
    if (this.download?.state === 'coming') this.download.state = 'stopped';
    else this.download = undefined;
    this.shows = 'run';
    if (!this.saved) this.history.add({ at: Date.now(), pattern: this.pattern, text: this.text });
    this.answers.run(this.#sending('application/x-ndjson', traced(this.text)), (said) => this.#heard(run, said));
    this.changed();
    if (!run.plan) void this.explaining.ask();
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

  /** The saved batch that is shown, with its parameters as text. */
  get #form(): Drafts['saved'] {
    return this.saved && { saved: this.saved.name, params: JSON.stringify(this.params) };
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
    if (why === 'unreachable') this.explaining.lost();
    else if (why === 'cut') void this.explaining.ask();
  }

  #edited(ms: number): void {
    this.#linking.drop();
    this.explaining.askIn(ms);
    if (!this.isRunning) this.shows = 'plan';
    this.changed();
  }
}
