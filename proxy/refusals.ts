import { ProtocolError } from '../wire/errors.ts';

/** What those are told who must go. It says no more than they need, and before a token was seen nothing of others. */

export function shuttingDown(): ProtocolError {
  return new ProtocolError('shutting-down', 'the proxy is shutting down');
}

export function badToken(): ProtocolError {
  return new ProtocolError('bad-token', 'this proxy asks for a token, and that is not it');
}

export function busy(): ProtocolError {
  return new ProtocolError('busy', 'too many are here; try again later');
}

export function noSeat(): ProtocolError {
  return new ProtocolError(
    'no-seat',
    'there is no such seat to come back to: the meeting is over, or it is another secret',
  );
}

export function replaced(): ProtocolError {
  return new ProtocolError('seat-taken', 'somebody came back to this seat by another connection');
}
