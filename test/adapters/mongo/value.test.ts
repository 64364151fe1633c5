import { Double, Int32, Long, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { documentValue } from '../../../adapters/mongo/value.ts';
import { writeJson } from '../../../src/json/write.ts';

const document = Buffer.from(serialize({ double: new Double(2), int: new Int32(2), long: Long.fromNumber(2) }));

describe('a document', () => {
  it.each(['plain', 'relaxed', 'canonical'] as const)('looks the same when it is taken apart: %s', (mode) => {
    const { json, value } = documentValue(document, mode);
    expect(writeJson(value, mode)).toBe(json);
  });

  it('has plain numbers, but where canonical Extended JSON tells them apart', () => {
    expect(documentValue(document, 'plain').value).toMatchObject({ double: 2, int: 2, long: Long.fromNumber(2) });
    expect(documentValue(document, 'canonical').value).toEqual({
      double: new Double(2),
      int: new Int32(2),
      long: Long.fromNumber(2),
    });
  });
});
