import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { page } from './rendering.ts';

const ALL = '"%Y-%m-%d %H:%M:%S %z"';

const AT = '"2024-03-05T07:08:09.012Z"';

/** What a template writes, by its page. */
const PAGES: readonly (readonly [string, string])[] = [
  ['{{ "2024-03-31T01:30:00Z" | date: "%H:%M" }}', '01:30'],
  ['{{ "2024-03-31 02:30" | date: "%H:%M" }}', '02:30'],
  ['{{ "2024-03-05 10:30" | date: "%H:%M" }}', '10:30'],
  ['{{ "2024-03-05T10:30:01.5" | date: "%H:%M:%S.%L" }}', '10:30:01.500'],
  ['{{ "March 5, 2024 10:30 PM" | date: "%F %Y-%m-%d %H:%M" }}', '%F 2024-03-05 22:30'],
  ['{{ "Tue, 05 Mar 2024 10:30:00 (CET)" | date: "%H:%M" }}', '10:30'],
  ['{{ "10:30 5-Mar-2024" | date: "%d %H:%M" }}', '05 10:30'],
  ['{{ "2024-03-05" | date: "%d %H:%M" }}', '05 00:00'],
  ['{{ "2024-03-05T10:30:00+02:00" | date: "%H:%M" }}', '08:30'],
  ['{{ "2024-03-05 10:30 -0500" | date: "%H:%M" }}', '15:30'],
  ['{{ "Tue, 05 Mar 2024 10:30:00 EST" | date: "%H:%M" }}', '15:30'],
  ['{{ "Tue Mar 05 2024 10:30:00 GMT+0100 (CET)" | date: "%H:%M" }}', '09:30'],
  ['{{ 1709622489 | date: "%c" }}', '3/5/2024, 7:08:09 AM'],
  ['{{ "1709622489" | date: "%x|%X" }}', '3/5/2024|7:08:09 AM'],
  ['{{ 0 | date }}', 'Thursday, January 1, 1970 at 12:00 am +0000'],
  [`{{ ${AT} | date: "%a %A %b %B %h %p %P %q %Z" }}`, 'Tue Tuesday Mar March Mar AM am th +0000'],
  [`{{ ${AT} | date: "%C %d %e %H %I %j %k %l %L %m %M %S" }}`, '20 05  5 07 07 065  7  7 012 03 08 09'],
  [`{{ ${AT} | date: "%N %3N %12N %s %u %U %w %W %y %Y" }}`, '012000000 012 012000000000 1709622489 2 09 2 10 24 2024'],
  [
    `{{ ${AT} | date: "%z %:z %-d %_d %05d %^a %#p %10A|%n%t%%|%Q %" }}`,
    '+0000 +00:00 5  5 00005 TUE am    Tuesday|\n\t%|%Q %',
  ],
  ['{{ "2024-03-10T00:05:00.078Z" | date: "%I %l %u %w %1N" }}', '12 12 7 0 0'],
  ['{{ "2024-03-10T12:05:00Z" | date: "%I %l %p" }}', '12 12 PM'],
  [`{{ ${AT} | date: "%H:%M %z %Z", 300 }}`, '02:08 -0500 -0500'],
  [`{{ ${AT} | date: "%H:%M %:z %Z", "Asia/Kolkata" }}`, '12:38 +05:30 Asia/Kolkata'],
  ['{{ "2024-03-31T01:30:00Z" | date: "%H:%M", "Europe/Berlin" }}', '03:30'],
  [`{{ ${AT} | date_to_xmlschema }}`, '2024-03-05T07:08:09+00:00'],
  [`{{ ${AT} | date_to_rfc822 }}`, 'Tue, 05 Mar 2024 07:08:09 +0000'],
  [`{{ ${AT} | date_to_string }} {{ ${AT} | date_to_long_string }}`, '05 Mar 2024 05 March 2024'],
  ['{{ "2024-03-22" | date_to_string: "ordinal" }}', '22nd Mar 2024'],
  ['{{ "2024-03-13" | date_to_long_string: "ordinal", "US" }}', 'March 13th, 2024'],
  [`{{ "0001-01-01T00:00:00Z" | date: ${ALL} }}`, '0001-01-01 00:00:00 +0000'],
  [`{{ "0001-01-01T00:00:00Z" | date: ${ALL}, "Europe/Berlin" }}`, '0001-01-01 00:53:28 +0053'],
  [`{{ "0099-12-31T23:59:59.9Z" | date: ${ALL}, "Europe/Berlin" }}`, '0100-01-01 00:53:27 +0053'],
  [`{{ "-000044-03-15T12:00:00Z" | date: ${ALL}, "Europe/Rome" }}`, '-0044-03-15 12:49:56 +0049'],
  [`{{ "0000-01-01T00:00:00Z" | date: ${ALL}, "America/New_York" }}`, '-0001-12-31 19:03:58 -0456'],
  [`{{ "1850-06-01T00:00:00Z" | date: ${ALL}, "Europe/Berlin" }}`, '1850-06-01 00:53:28 +0053'],
  [`{{ "1900-01-01T00:00:00Z" | date: "%H:%M:%S %:z %s", "Europe/Paris" }}`, '00:09:21 +00:09 -2208988800'],
  [`{{ "1800-01-01T00:00:00Z" | date: ${ALL}, "Europe/London" }}`, '1799-12-31 23:58:45 -0001'],
  [`{{ "1800-01-01T00:00:00Z" | date: ${ALL}, 0.5 }}`, '1799-12-31 23:59:30 +0000'],
  ['{{ "-000044-03-15T12:00:00Z" | date: "%C %-Y %6Y %y" }}', '-01 -44 -00044 56'],
  ['{{ "-000044-03-15T12:00:00Z" | date_to_xmlschema }}', '-0044-03-15T12:00:00+00:00'],
  ...[
    '0099-01-01',
    '0099-01',
    '0099-01-01T00:00',
    '0099-01-01 00:00:00',
    '0099-01-01 00:00:00Z',
    '0099-01-01T02:00:00+02:00',
    '0099-01-01 02:00 +0200',
    '+000099-01-01',
    '+000099-01-01 00:00',
    'Thu, 01 Jan 0099 00:00:00 GMT',
    'January 1, 0099',
    '1-Jan-0099',
    '01/01/0099',
  ].map((text): [string, string] => [`{{ "${text}" | date: ${ALL} }}`, '0099-01-01 00:00:00 +0000']),
  ['{{ "2024-03-05 10:00 +0030" | date: "%Y %H:%M" }}', '2024 09:30'],
  ['{{ "01/02/99" | date: "%Y" }}{{ "0000-00-00" | date: "%Y" }}', '19990000-00-00'],
  ...['', 'Mars/Base', '+25:00', 'Europe/Berlin '.repeat(8), '300'].map((zone): [string, string] => [
    `{{ "2024-03-05" | date: "%Y", "${zone}" }}`,
    '2024-03-05',
  ]),
  [
    '{{ "no date" | date: "%Y", "Europe/Berlin" }}{{ 99999999999999 | date: "%Y", "Europe/Berlin" }}',
    'no date99999999999999',
  ],
  ['{{ nothing | date: "%Y" }}{{ "no date" | date: "%Y" }}{{ true | date: "%Y" }}', 'no datetrue'],
];

it.each(PAGES)('%s', async (template, text) => {
  expect(await page(template)).toBe(text);
});

it.each(['Europe/Berlin', 'America/Los_Angeles'])('pages look the same in %s, and in German', (zone) => {
  const program = `
    import { page } from ${JSON.stringify(new URL('rendering.ts', import.meta.url).href)};
    console.log(await page(${JSON.stringify(PAGES.map(([template]) => template).join('\0'))}));`;
  const written = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, TZ: zone, LC_ALL: 'de_DE.UTF-8' },
    encoding: 'utf8',
  });
  expect(written.trimEnd().split('\0')).toEqual(PAGES.map(([, text]) => text));
});
