import { shownMs } from '../waterfall/axis.ts';
import type { Line } from './branches.ts';
import type { Frame, ValueNode } from './node.ts';
import { webAddress } from './picture.ts';

interface LineProps {
  readonly line: Line;
  readonly index: number;
  readonly top: number;
  readonly isActive: boolean;
  readonly onPick: () => void;
}

/** A line of the answer. All that a store said is text, never HTML. */
export function LineView({ line, index, top, isActive, onPick }: LineProps) {
  const { depth, name, kind, frame, value, isOpen, text } = line;
  return (
    <div
      id={`line-${index}`}
      class={`line line-${kind} ${isActive ? 'line-active' : ''}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={isOpen}
      aria-selected={isActive}
      style={{ top: `${top}px`, paddingLeft: `${10 + depth * 16}px` }}
      onClick={onPick}
    >
      <span class="twist">{isOpen === undefined ? '' : isOpen ? '▾' : '▸'}</span>
      <span class="line-name">{name}</span>
      {kind === 'reply' && <Status frame={frame} />}
      {value && <Short value={value} />}
      {text !== undefined && <span class="line-text">{text}</span>}
      {kind === 'reply' && <span class="line-ms">{frame?.ms === undefined ? '' : shownMs(frame.ms)}</span>}
    </div>
  );
}

function Status({ frame }: { frame: Frame | undefined }) {
  if (!frame) return <span class="badge badge-open">coming</span>;
  const words = frame.defaulted ? 'ok by default' : (frame.error?.code ?? frame.status);
  return (
    <span class={`badge badge-${frame.status}`}>
      {words}
      {frame.winner !== undefined && ` · winner ${frame.winner}`}
      {frame.count !== undefined && ` · ${frame.count}`}
      {frame.items !== undefined && ` · ${frame.items} items`}
    </span>
  );
}

function Short({ value }: { value: ValueNode }) {
  const { kind, text, members, isCut } = value;
  if (kind === 'object' || kind === 'list') {
    const count = members === undefined ? 'many' : members.toLocaleString('en');
    return <span class="line-size">{kind === 'list' ? `[ ${count} ]` : `{ ${count} }`}</span>;
  }
  const address = kind === 'string' && !isCut ? webAddress(JSON.parse(text) as string) : undefined;
  const shown = `${text}${isCut ? ' …' : ''}`;
  return address === undefined ? (
    <span class={`line-value of-${kind}`}>{shown}</span>
  ) : (
    <a
      class="line-value of-link"
      href={address}
      target="_blank"
      rel="noopener noreferrer"
      tabIndex={-1}
      onClick={(event) => event.stopPropagation()}
    >
      {shown}
    </a>
  );
}
