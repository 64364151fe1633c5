import { connect, type Socket } from 'node:net';

/**
 * A process whose connections send a header, or a body, a byte at a time. Told a port on its channel it opens
 * them, and again those that are cut; told 0 it closes them. It says how many were cut with a 408.
 */
const CONNECTIONS = 1000;
const DRIP_MS = 500;
const HEAD = 'POST /ordered HTTP/1.1\r\nHost: localhost\r\n';
const BEGINNINGS = [`${HEAD}X-Slow: `, `${HEAD}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n`];
const sockets = new Set<Socket>();
let port = 0;
let cut = 0;

function open(beginning: string): void {
  const socket = connect(port, '127.0.0.1');
  const drip = setInterval(() => socket.write(' '), DRIP_MS);
  sockets.add(socket);
  socket.write(beginning);
  socket.on('error', () => {});
  socket.on('data', (said: Buffer) => {
    if (said.includes(' 408 ')) cut += 1;
  });
  socket.once('close', () => {
    clearInterval(drip);
    sockets.delete(socket);
    if (port !== 0) open(beginning);
  });
}

process.on('message', (told: number) => {
  port = told;
  if (port === 0) for (const socket of sockets) socket.destroy();
  // A few at a time: what is measured is that they are there, not that they come.
  const opened = port === 0 ? 0 : CONNECTIONS;
  for (let count = 0; count < opened; count += 1) setTimeout(() => open(BEGINNINGS[count % 2] as string), count);
  setTimeout(() => process.send?.(cut), CONNECTIONS + 200);
});
process.once('disconnect', () => process.exit());
