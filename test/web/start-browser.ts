import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, or the one that `CHROMIUM` names. */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
