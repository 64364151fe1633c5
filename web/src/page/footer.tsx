import type { Session } from '../session/session.ts';

const LINKS = [
  { href: 'docs', name: 'The interface', isForAll: true },
  { href: 'batches', name: 'Saved batches', isForAll: false },
  { href: 'sources', name: 'Sources', isForAll: false },
  { href: 'limits', name: 'Limits', isForAll: false },
  { href: 'health/ready', name: 'Health', isForAll: true },
] as const;

/** What else there is to look at, and the switch of what is remembered. */
export function Footer({ session }: { session: Session }) {
  const { history, isKeyed } = session;
  const pages = session.batches.filter(
    ({ mediaTypes, params }) => !isKeyed && mediaTypes.includes('text/html') && !params.required?.length,
  );
  return (
    <footer class="foot">
      <nav aria-label="The service">
        {LINKS.filter(({ isForAll }) => isForAll || !isKeyed).map(({ href, name }) => (
          <a key={href} href={href}>
            {name}
          </a>
        ))}
      </nav>
      {pages.length > 0 && (
        <nav aria-label="Pages">
          <span class="quiet">Pages</span>
          {pages.map(({ name }) => (
            <a key={name} href={`batches/${encodeURIComponent(name)}`}>
              {name}
            </a>
          ))}
        </nav>
      )}
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={history.isOn}
          onChange={({ currentTarget }) => {
            history.turn(currentTarget.checked);
            session.changed();
          }}
        />
        Remember what I write and run, in this browser
      </label>
    </footer>
  );
}
