let end: Promise<void> | undefined;

/**
 * Resolves once the event loop has dealt with all that has arrived by now, for all who wait at the same time:
 * what they write then leaves together. To wake those who read it for each answer by itself costs more than
 * to write it.
 */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) =>
    setImmediate(() => {
      end = undefined;
      resolve();
    }),
  );
  return end;
}
