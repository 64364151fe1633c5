import { FaultItems } from '../page/fault-items.tsx';
import type { Problem } from './node.ts';

/** Why there is no answer. */
export function ProblemView({ problem }: { problem: Problem }) {
  const { status, title, detail, code, source, errors = [] } = problem;
  return (
    <div class="notice notice-bad" role="alert">
      <p>
        <strong>{`${status} ${code ?? title ?? ''}`}</strong>
        {source !== undefined && ` ${source}`}
        {detail !== undefined && ` — ${detail}`}
      </p>
      {errors.length > 0 && <FaultItems faults={errors} />}
    </div>
  );
}
