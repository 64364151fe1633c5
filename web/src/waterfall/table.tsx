import { shownMs } from './axis.ts';
import type { Row } from './model.ts';
import { markWords, statusWords, waitedMs } from './words.ts';

/** What the picture shows, to be read. */
export function WaterfallTable({ rows }: { rows: readonly Row[] }) {
  const ms = (value: number | undefined): string => (value === undefined ? '–' : shownMs(value));
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="The waterfall as a table">
      <table>
        <thead>
          <tr>
            {['Query', 'What', 'Status', 'Waited', 'Began', 'Ended', 'Calls', 'Marks', 'Waits for'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.path}>
              <th scope="row">{row.path}</th>
              <td>{row.detail}</td>
              <td>{statusWords(row)}</td>
              <td>{ms(waitedMs(row))}</td>
              <td>{ms(row.told?.started ?? row.told?.queued)}</td>
              <td>{ms(row.told?.ended)}</td>
              <td>{row.told?.attempts?.length ?? '–'}</td>
              <td>{markWords(row).join(', ') || '–'}</td>
              <td>{row.dependsOn.join(', ') || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
