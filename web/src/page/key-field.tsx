import { useState } from 'preact/hooks';
import type { Session } from '../session/session.ts';

/** Where a key is given to a service that wants one. It is forgotten when the page is left. */
export function KeyField({ session, needed }: { session: Session; needed: boolean }) {
  const [key, setKey] = useState('');
  return (
    <form
      class={`key ${needed ? 'key-needed' : ''}`}
      onSubmit={(event) => {
        event.preventDefault();
        session.useKey(key.trim());
      }}
    >
      <label>
        <span>Key</span>
        <input
          type="password"
          autocomplete="off"
          value={key}
          placeholder={needed ? 'needed here' : 'none'}
          title="Sent as Authorization: Bearer; kept in memory alone"
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
          onChange={() => session.useKey(key.trim())}
        />
      </label>
    </form>
  );
}
