import { useState } from 'preact/hooks';

/** Puts a text where it can be pasted from. Without https the browser offers the old way alone. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    return isCopied;
  }
}

interface CopyProps {
  readonly label: string;
  readonly title?: string;
  readonly text: () => string | Promise<string>;
}

/** A button that copies a text, and says so. */
export function CopyButton({ label, title, text }: CopyProps) {
  const [said, say] = useState('');
  const onClick = async (): Promise<void> => {
    const isCopied = await Promise.try(text).then(copy, () => false);
    say(isCopied ? 'Copied' : 'Could not be copied');
    setTimeout(() => say(''), 1500);
  };
  return (
    <button type="button" class="quiet-button" title={title} onClick={() => void onClick()}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}
