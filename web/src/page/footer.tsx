import type { Session } from '../session/session.ts';

const LINKS = [
  ['docs', 'The interface'],
  ['batches', 'Saved batches'],
  ['sources', 'Sources'],
  ['limits', 'Limits'],
  ['health/ready', 'Health'],
] as const;

/** What else there is to look at, and the switch of the history. */
export function Footer({ session }: { session: Session }) {
  const { history } = session;
  const pages = session.batches.filter(
    ({ mediaTypes, params }) => mediaTypes.includes('text/html') && !params.required?.length,
  );
  return (
    <footer class="foot">
      <nav aria-label="The service">
        {LINKS.map(([href, name]) => (
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
        Remember what I run, in this browser
      </label>
    </footer>
  );
}
