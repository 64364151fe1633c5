import { useEffect, useState } from 'preact/hooks';
import type { AnswerClient } from './client.ts';
import type { ValueNode } from './node.ts';
import { isPictureAddress, pictureOf, webAddress } from './picture.ts';

interface PictureProps {
  readonly value: ValueNode;
  readonly meta: Readonly<Record<string, unknown>> | undefined;
  readonly answers: AnswerClient;
}

/**
 * A picture that is a value: at once where it came with the answer; where it lies at an address, only when a
 * person says so, because asking for it tells that place something.
 */
export function Picture({ value, meta, answers }: PictureProps) {
  const [own, setOwn] = useState<string>();
  const [isShown, show] = useState(false);
  const address = value.isCut ? undefined : webAddress(JSON.parse(value.text) as string);
  const isPicture = address !== undefined && isPictureAddress(address);
  useEffect(() => {
    if (!String(meta?.['contentType']).startsWith('image/')) return;
    void answers.text(value, Infinity).then(({ text }) => setOwn(pictureOf(JSON.parse(text) as string, meta)));
  }, [value]);
  const source = own ?? (isPicture && isShown ? address : undefined);
  return (
    <>
      {address !== undefined && (
        <a class="quiet-button" href={address} target="_blank" rel="noopener noreferrer">
          Open the address
        </a>
      )}
      {isPicture && !isShown && (
        <button type="button" class="quiet-button" onClick={() => show(true)}>
          Show the picture
        </button>
      )}
      {source !== undefined && (
        <span class="picture-box">
          <img class="picture" src={source} alt="The picture that this value is" referrerpolicy="no-referrer" />
        </span>
      )}
    </>
  );
}
