import { expect, it } from 'vitest';
import { encodings } from '../../src/encodings/index.ts';
import { fileNameIn } from '../../src/saved/file-name.ts';

it.each([
  ['sales.csv', 'csv', 'sales.csv'],
  ['sales.csv', 'zip', 'sales.zip'],
  ['sales.CSV', 'tar.gz', 'sales.tar.gz'],
  ['covers.tar.gz', 'tar', 'covers.tar'],
  ['covers.tar', 'tar.gz', 'covers.tar.gz'],
  ['covers.zip', 'csv', 'covers.csv'],
  ['a.zip.csv', 'zip', 'a.zip.zip'],
  ['page.html', 'zip', 'page.zip'],
  ['report.2026', 'zip', 'report.2026'],
  ['report', 'zip', 'report'],
  ['zip', 'csv', 'zip'],
  ['sales.csv', 'bin', 'sales.csv'],
  [undefined, 'zip', undefined],
])('what a saved batch names %j is, answered as %s, %j', (filename, extension, named) => {
  expect(
    fileNameIn(
      filename,
      encodings.find((encoding) => encoding.extension === extension)!,
    ),
  ).toBe(named);
});

it('what is stored has a name of its own, whatever its encoding is called', () => {
  expect(fileNameIn('sales.csv', { extension: 'zip', form: 'stored' })).toBe('sales.csv');
});
