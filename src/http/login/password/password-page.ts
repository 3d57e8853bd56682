// The gateway's own login page, for brokers without one: a form for user id and password, and one for the access code.
// It needs no script, and none could run.
import { createHash } from 'node:crypto';
import { escapeHtml } from '../page.ts';

/** What went wrong, in words for the user. */
export interface FormError {
  readonly text: string;
  /** The field to correct; null where no field is wrong. */
  readonly field: 'userId' | 'password' | 'code' | null;
}

/** What both forms show. */
export interface FormOptions {
  /** Names the login among those that this browser has begun. */
  readonly login: string;
  /** What people call the broker. */
  readonly broker: string;
  /** What people call the app. */
  readonly app: string;
  /** A page that helps users of the app to log in. */
  readonly helpUrl: string | undefined;
  /** The page that the browser goes to afterwards; null: the gateway's own. */
  readonly returnTo: string | null;
  readonly error?: FormError | undefined;
  /** Default 200. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The form of the first step. @param userId what the user has typed before. */
export function passwordForm(options: FormOptions, userId = ''): Response {
  const { error, broker } = options;
  const isFirst = (field: FormError['field'], isDefault: boolean) =>
    error?.field === field || (isDefault && error?.field == null);
  return formPage(
    options,
    `Log in to ${broker}`,
    `<p>The gateway sends your password to ${escapeHtml(broker)} and does not store it.</p>`,
    [
      input({
        ...{ name: 'userId', label: 'User id', type: 'text', autocomplete: 'username' },
        ...{ value: userId, error, hasFocus: isFirst('userId', userId === '') },
        more: 'autocapitalize="none" spellcheck="false"',
      }),
      input({
        ...{ name: 'password', label: 'Password', type: 'password' },
        ...{ autocomplete: 'current-password', error },
        hasFocus: isFirst('password', userId !== ''),
      }),
      '<button>Continue</button>',
    ],
  );
}

/** The form of the second step. @param sentTo where the broker has sent the code, as it masks them. */
export function codeForm(options: FormOptions, sentTo: readonly string[]): Response {
  const { error, broker } = options;
  const places = sentTo.map((place) => `<strong>${escapeHtml(place)}</strong>`).join(' and ');
  const sent = places === '' ? '' : ` to ${places}`;
  return formPage(
    options,
    'Enter the access code',
    `<p>${escapeHtml(broker)} sends an access code${sent}.</p>`,
    [
      '<input type="hidden" name="step" value="code">',
      input({
        ...{ name: 'code', label: 'Access code', type: 'text', autocomplete: 'one-time-code' },
        ...{ error, hasFocus: true },
        more: 'inputmode="numeric" autocapitalize="none" spellcheck="false"',
      }),
      '<button>Log in</button>',
      '<button class="other" name="waived" value="yes" formnovalidate>Continue without a code</button>',
    ],
  );
}

interface InputOptions {
  readonly name: 'userId' | 'password' | 'code';
  readonly label: string;
  readonly type: string;
  readonly autocomplete: string;
  readonly value?: string;
  readonly error: FormError | undefined;
  readonly hasFocus: boolean;
  readonly more?: string;
}

function input(options: InputOptions): string {
  const { name, label, type, autocomplete, value = '', error, hasFocus, more = '' } = options;
  const fault = error?.field === name ? error.text : null;
  const attributes = [
    `id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" required`,
    more,
    value === '' ? '' : `value="${escapeHtml(value)}"`,
    fault === null ? '' : `aria-invalid="true" aria-describedby="${name}-error"`,
    // Without a script this is what leads to the field that is to be corrected.
    hasFocus ? 'autofocus' : '',
  ];
  return [
    `<label for="${name}">${label}</label>`,
    fault === null ? '' : alert(fault, `${name}-error`),
    `<input ${attributes.filter((text) => text !== '').join(' ')}>`,
  ].join('\n');
}

function alert(text: string, id: string): string {
  return `<p class="error" role="alert" id="${id}">${escapeHtml(text)}</p>`;
}

/** No font, picture or address of elsewhere. Large enough not to be zoomed to on a phone. */
const style = `
:root { color-scheme: light dark; color: #16181d; background: #fff; font: 1.05rem/1.5 system-ui, sans-serif }
body { max-width: 24rem; margin: 8vh auto; padding: 0 1.25rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere }
p { margin: .5rem 0; overflow-wrap: anywhere }
label { display: block; margin-top: 1.25rem; font-weight: 600 }
input { width: 100%; box-sizing: border-box; margin-top: .25rem; padding: .6rem .75rem; font: inherit; border: 1px solid #767676; border-radius: .4rem }
input[aria-invalid] { border: 2px solid #b3261e }
button { width: 100%; min-height: 2.75rem; margin-top: 1.25rem; padding: .6rem .75rem; font: inherit; font-weight: 600; color: #fff; background: #1d4ed8; border: 1px solid #1d4ed8; border-radius: .4rem; cursor: pointer }
button.other { margin-top: .75rem; color: inherit; background: none; border-color: #767676; font-weight: 400 }
:is(input, button):focus-visible { outline: 3px solid #1d4ed8; outline-offset: 2px }
.error { color: #b3261e; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  :root { color: #f2f3f5; background: #121316 }
  .error { color: #ffb4ab }
  input[aria-invalid] { border-color: #ffb4ab }
  :is(input, button):focus-visible { outline-color: #93b4ff }
}
`;
const styleHash = createHash('sha256').update(style).digest('base64');

function formPage(
  { login, app, helpUrl, returnTo, error, status = 200, headers }: FormOptions,
  title: string,
  intro: string,
  fields: readonly string[],
): Response {
  const destination = returnTo === null ? null : new URL(returnTo).origin;
  const goal =
    destination === null ? '' : ` You return to <strong>${escapeHtml(destination)}</strong>.`;
  const help =
    helpUrl === undefined
      ? ''
      : `<p><a href="${escapeHtml(helpUrl)}" target="_blank" rel="noopener">Help with this login</a> (opens a new tab)</p>`;
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${error === undefined ? '' : 'Error: '}${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p>For the app <strong>${escapeHtml(app)}</strong>.${goal}</p>
${intro}
${error?.field === null ? alert(error.text, 'form-error') : ''}
<form method="post" action="login"${error?.field === null ? ' aria-describedby="form-error"' : ''}>
<input type="hidden" name="login" value="${escapeHtml(login)}">
${fields.join('\n')}
<button class="other" name="cancel" value="yes" formnovalidate>Cancel</button>
</form>
${help}
</main>
</body>
</html>
`;
  // Browsers hold the redirects of a submitted form to form-action too.
  const actions = destination === null ? "'self'" : `'self' ${destination}`;
  return new Response(body, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action ${actions}; base-uri 'none'; frame-ancestors 'none'`,
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      // Where no referrer is sent at all, a form names no origin either.
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}
