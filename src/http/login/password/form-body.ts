// A form as the login page receives it: whether it is the gateway's own, and its fields.
import { boundedText } from '../../../shared/bounded-text.ts';

/** A form that is not taken. */
export interface FormRefusal {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  readonly code: 'BAD_USER_INPUT' | 'PERMISSION_DENIED';
}

/** Why a form is not taken. */
export const formRefusals = {
  origin: {
    status: 403,
    title: 'Open this page',
    text: 'A form of another page cannot log in here. Start the login at the app again.',
    code: 'PERMISSION_DENIED',
  },
  mediaType: {
    status: 415,
    title: 'Not a form',
    text: 'The login page takes its own form and nothing else.',
    code: 'BAD_USER_INPUT',
  },
  tooLong: {
    status: 413,
    title: 'Too long',
    text: 'The form is longer than the login page takes.',
    code: 'BAD_USER_INPUT',
  },
  incomplete: {
    status: 400,
    title: 'Not complete',
    text: 'The connection ended before the form was complete.',
    code: 'BAD_USER_INPUT',
  },
} as const satisfies Record<string, FormRefusal>;

/** Whether a form comes from a page of the gateway itself, as the browser says: it sends at least one of both headers. */
export function isOwnForm({ headers }: Request, own: string): boolean {
  const origin = headers.get('origin') ?? 'null';
  const site = headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin') return false;
  return origin === 'null' ? site === 'same-origin' : origin === own;
}

/** The fields of a form; the refusal of any other body. */
export async function readForm(
  request: Request,
  maxBytes: number,
): Promise<URLSearchParams | FormRefusal> {
  const { headers } = request;
  const [mediaType = ''] = (headers.get('content-type') ?? '').split(';');
  const isForm = mediaType.trim().toLowerCase() === 'application/x-www-form-urlencoded';
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (!isForm || encoding !== 'identity') return formRefusals.mediaType;
  const body = await boundedText(request, maxBytes);
  return 'fault' in body ? formRefusals[body.fault] : new URLSearchParams(body.text);
}
