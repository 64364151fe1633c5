import { scalarText } from '../json/as-written.ts';
import type { ParamSchema, SavedBatch } from '../session/service.ts';
import type { Session } from '../session/session.ts';
import { readScalar } from './read-scalar.ts';

/** A form for the parameters of a saved batch. */
export function ParamsForm({ session, saved }: { session: Session; saved: SavedBatch }) {
  const params = Object.entries(saved.params.properties);
  return (
    <form class="params" aria-label={`Parameters of ${saved.name}`} onSubmit={(event) => event.preventDefault()}>
      <h2>{saved.name}</h2>
      <p class="quiet">{saved.description}</p>
      {params.length === 0 && <p class="quiet">It takes no parameters.</p>}
      {params.map(([name, schema]) => (
        <label key={name} class="param">
          <span class="param-name">
            {name}
            {!saved.params.required?.includes(name) && <span class="quiet"> optional</span>}
          </span>
          <ParamField
            schema={schema}
            value={session.params[name]}
            onChange={(value) => session.setParam(name, value)}
          />
          <span class="quiet">{schema.description}</span>
        </label>
      ))}
      {!session.isKeyed && (
        <p class="quiet">
          {saved.mediaTypes.includes('text/html') && (
            <>
              <a href={`batches/${encodeURIComponent(saved.name)}.html${queryOf(session.params)}`}>Open its page</a>
              {' · '}
            </>
          )}
          <a href={`batches/${encodeURIComponent(saved.name)}.json${queryOf(session.params)}`}>Its answer as JSON</a>
        </p>
      )}
    </form>
  );
}

interface FieldProps {
  readonly schema: ParamSchema;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

function ParamField({ schema, value, onChange }: FieldProps) {
  const choices = schema.type === 'boolean' ? [true, false] : schema.enum;
  if (choices) {
    return (
      <select
        value={value === undefined ? '' : JSON.stringify(value)}
        onChange={({ currentTarget }) =>
          onChange(currentTarget.value === '' ? undefined : JSON.parse(currentTarget.value))
        }
      >
        <option value="">–</option>
        {choices.map((one) => (
          <option key={String(one)} value={JSON.stringify(one)}>
            {String(one)}
          </option>
        ))}
      </select>
    );
  }
  const isList = schema.type === 'array';
  const type = isList ? schema.items?.type : schema.type;
  const read = (text: string): unknown => readScalar(type, text);
  const shown = value === undefined ? '' : [value].flat().map(scalarText).join('\n');
  return isList ? (
    <textarea
      rows={3}
      value={shown}
      placeholder="one a line"
      onInput={({ currentTarget: { value } }) => onChange(value === '' ? undefined : value.split('\n').map(read))}
    />
  ) : (
    <input
      type="text"
      inputMode={type === 'string' ? 'text' : 'decimal'}
      value={shown}
      onInput={({ currentTarget: { value } }) => onChange(value === '' ? undefined : read(value))}
    />
  );
}

function queryOf(params: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams(
    Object.entries(params).flatMap(([name, value]) => [value].flat().map((one) => [name, scalarText(one)])),
  );
  return query.size === 0 ? '' : `?${query}`;
}
