import { Binary } from 'bson';
import type { Command } from './command.ts';
import { CODE, MongoFailure } from './failure.ts';

const MECHANISM = 'SCRAM-SHA-256';

/** What may be asked before logging in, as on mongod. */
const PUBLIC = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'ping',
  'buildInfo',
  'saslStart',
  'saslContinue',
  'endSessions',
]);

const refused = (): MongoFailure => new MongoFailure(CODE.AuthenticationFailed, 'Authentication failed.');

function textOf(payload: unknown): string {
  return payload instanceof Binary ? Buffer.from(payload.value()).toString() : '';
}

function answer(payload: string, done: boolean): ReturnType<Command> {
  return { conversationId: 1, done, payload: new Binary(Buffer.from(payload)), ok: 1 };
}

/** `saslStart` */
export const saslStart: Command = ({ body, session }, { scram }) => {
  if (!scram || body.mechanism !== MECHANISM) throw refused();
  const { reply, finish } = scram.start(textOf(body.payload));
  session.login = finish;
  return answer(reply, false);
};

/** `saslContinue` */
export const saslContinue: Command = ({ body, session }) => {
  if (!session.login) throw refused();
  const { login } = session;
  delete session.login;
  const reply = login(textOf(body.payload));
  session.authenticated = true;
  return answer(reply, true);
};

/** Throws Unauthorized if this connection has to log in first. */
export const checkLogin = (name: string, authenticated: boolean): void => {
  if (authenticated || PUBLIC.has(name)) return;
  throw new MongoFailure(CODE.Unauthorized, `Command ${name} requires authentication`);
};
