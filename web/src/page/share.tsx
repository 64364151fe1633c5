import { asCurl } from '../share/curl.ts';
import { asFetch } from '../share/fetch-code.ts';
import type { Session } from '../session/session.ts';
import { CopyButton } from './copy.tsx';

/** The batch, to be taken elsewhere. */
export function Share({ session }: { session: Session }) {
  const written = () => ({ url: session.service.url(session.path), body: session.text });
  const hasKey = session.service.key !== '';
  return (
    <div class="share" role="group" aria-label="Copy the batch">
      <span class="quiet">Copy as</span>
      <CopyButton label="curl" text={() => asCurl(written(), hasKey)} />
      <CopyButton label="code" title="JavaScript, by fetch" text={() => asFetch(written(), hasKey)} />
      {!session.saved && (
        <CopyButton
          label="saved batch"
          title="YAML, for the configuration"
          text={async () => (await import('../share/saved-yaml.ts')).asSavedBatch(session.pattern, session.text)}
        />
      )}
      <CopyButton label="link" title="A link to this page that holds the batch" text={() => session.link} />
    </div>
  );
}
