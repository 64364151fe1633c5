import { useEffect, useRef, useState } from 'preact/hooks';

/** Of many rows of one height, those that can be seen, and a few more on both sides. */
export function useRowsInView(count: number, height: number) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, see] = useState({ top: 0, height: 600, width: 600 });
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = (): void =>
      see((old) => {
        const { scrollTop: top, clientHeight, clientWidth } = element;
        const isSame = old.top === top && old.height === clientHeight && old.width === clientWidth;
        return isSame ? old : { top, height: clientHeight, width: clientWidth };
      });
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, [count > 0]);
  const first = Math.max(0, Math.floor(seen.top / height) - 8);
  const last = Math.min(count, Math.ceil((seen.top + seen.height) / height) + 8);
  /** Scrolls so that a row can be seen. */
  const show = (index: number): void => {
    const element = box.current;
    if (!element) return;
    const [top, bottom] = [index * height, (index + 1) * height];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  return { box, first, last, width: seen.width, show };
}
