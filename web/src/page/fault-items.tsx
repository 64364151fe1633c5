import type { Problem } from '../answer/node.ts';

/** What is wrong with a request, and where. */
export function FaultItems({ faults }: { faults: NonNullable<Problem['errors']> }) {
  return (
    <ul>
      {faults.map(({ pointer, parameter, detail }, index) => (
        <li key={index}>
          <code>{pointer ?? parameter}</code> {detail}
        </li>
      ))}
    </ul>
  );
}
