import { useEffect, useReducer } from 'preact/hooks';
import type { Session } from '../session/session.ts';

/** Draws the component again whenever the session has changed, at most once a frame. */
export function useSession(session: Session): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let frame: number | undefined;
    const draw = (): void => {
      frame = undefined;
      again(undefined);
    };
    const leave = session.listen(() => (frame ??= requestAnimationFrame(draw)));
    return () => {
      leave();
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  }, [session]);
}
