import { shownMs } from './axis.ts';
import type { Row, Told } from './model.ts';

/** How it stands with a row, in words. */
export function statusWords({ status, told, isWinner }: Pick<Row, 'status' | 'told' | 'isWinner'>): string {
  const words = [
    {
      planned: 'planned',
      waiting: 'waiting',
      running: 'running',
      ok: told?.defaulted ? 'ok, by its default' : 'ok',
      partial: 'partial',
      error: `failed${told?.code ? `: ${told.code}` : ''}`,
      skipped: `skipped${told?.code ? `: ${told.code}` : ''}`,
      cancelled: 'cancelled',
      hidden: 'over, told of at the end',
      untold: 'not told of',
    }[status] ?? status,
  ];
  if (isWinner) words.push('winner');
  return words.join(', ');
}

/** How often its store was asked again, and beside a call under way. */
export function furtherCalls(told: Told | undefined): { retries: number; hedges: number } {
  const attempts = told?.attempts ?? [];
  const hedges = attempts.filter(({ hedge }) => hedge).length;
  return { retries: Math.max(0, attempts.length - hedges - 1), hedges };
}

/** What else is marked at a row, in words. */
export function markWords({ told }: Pick<Row, 'told'>): string[] {
  if (!told) return [];
  const { retries, hedges } = furtherCalls(told);
  return [
    ...(retries > 0 ? [`${retries} ${retries === 1 ? 'retry' : 'retries'}`] : []),
    ...(hedges > 0 ? [`${hedges} ${hedges === 1 ? 'hedge' : 'hedges'}`] : []),
    ...(told.cache ? [`cache ${told.cache}`] : []),
    ...(told.shared ? [told.shared] : []),
  ];
}

/** How long it waited for its turn, in milliseconds, where that is known. */
export function waitedMs({ told }: Pick<Row, 'told'>): number | undefined {
  return told?.queued === undefined || told.started === undefined ? undefined : told.started - told.queued;
}

/** A row in one sentence, for those who do not see it. */
export function sentence(row: Row): string {
  const { told } = row;
  const parts = [`${row.label}, ${row.detail || row.kind}: ${statusWords(row)}`];
  if (told?.ended !== undefined) {
    if (told.ms !== undefined) parts.push(shownMs(told.ms));
    parts.push(`from ${shownMs(told.queued ?? told.started ?? 0)} to ${shownMs(told.ended)}`);
  }
  parts.push(...markWords(row));
  if (row.dependsOn.length > 0) parts.push(`waits for ${row.dependsOn.join(', ')}`);
  if (row.isOpen === false) parts.push(`${row.members} folded`);
  return parts.join('; ');
}
