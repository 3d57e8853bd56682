// The login page, and the way back from it.
import { describe, expect, test } from 'vitest';
import { locationOf, start, submitLogin } from './helper.ts';

async function loginPage(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.text();
}

describe('the page', () => {
  test('lets one of the users approve or cancel, and keeps itself to itself', async () => {
    const simulator = await start();
    const response = await fetch(`${simulator.url}/connect/login?v=3&api_key=simulator`);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await response.text();
    for (let n = 1; n <= 5; n++) {
      expect(html).toContain(`type="radio" name="user_id" value="SIM000${n}"`);
    }
    expect(html).toContain('name="decision" value="approve"');
    expect(html).toContain('name="decision" value="cancel"');
    expect(html).toContain('method="post" action="/connect/login"');
    expect(html).not.toMatch(/<script|(src|href)="(?!data:|\/)/);
  });

  test('escapes what comes from outside', async () => {
    const evil = `"><script>alert('x')</script>&amp;`;
    const simulator = await start({
      apps: [{ apiKey: evil, apiSecret: 's', name: evil, redirectUrl: 'http://x.example/?a=<b>' }],
    });
    const query = new URLSearchParams({ api_key: evil, redirect_params: evil });
    const html = await loginPage(`${simulator.url}/connect/login?${query}`);
    expect(html).not.toContain('<script');
    expect(html).toContain('&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;');
    expect(html).not.toContain('<b>');
    expect(await (await fetch(simulator.url)).text()).not.toContain('<script>alert');
  });

  test('with ten thousand users lists the first ones and accepts any user id', async () => {
    const simulator = await start({ accounts: 10_000 });
    const html = await loginPage(`${simulator.url}/connect/login?api_key=simulator`);
    expect(html.match(/type="radio"/g)).toHaveLength(20);
    expect(html).toContain('type="text" id="other-user" name="user_id"');
    expect(html.length).toBeLessThan(50_000);

    const both = new URLSearchParams(
      'api_key=simulator&decision=approve&user_id=SIM0001&user_id=SIM10000',
    );
    const response = await fetch(`${simulator.url}/connect/login`, {
      method: 'POST',
      redirect: 'manual',
      body: both,
    });
    expect(response.status).toBe(302);
  });

  test('refuses an unknown app', async () => {
    const simulator = await start();
    for (const query of ['', '?api_key=nobody']) {
      const response = await fetch(`${simulator.url}/connect/login${query}`);
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    }
    expect((await submitLogin(simulator, { api_key: 'nobody' })).status).toBe(400);
  });

  test('comes again where the form cannot be followed', async () => {
    const simulator = await start();
    for (const form of [
      { user_id: 'SIM0006' },
      { user_id: 'AB1234' },
      { user_id: '' },
      { user_id: 'SIM0001', decision: 'maybe' },
    ]) {
      const response = await submitLogin(simulator, { ...form, redirect_params: 'state=1' });
      expect(response.status).toBe(400);
      const html = await response.text();
      expect(html).toContain('role="alert"');
      expect(html).toContain('name="redirect_params" value="state=1"');
    }
  });
});

describe('the redirect', () => {
  test('of an approval carries the request token and the redirect_params', async () => {
    const simulator = await start();
    const response = await submitLogin(simulator, {
      user_id: 'SIM0002',
      redirect_params: 'some=X&more=Y%20Z&some=again',
    });
    expect(response.status).toBe(302);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const location = locationOf(response);
    expect(location.origin + location.pathname).toBe('http://localhost:4000/callback');
    const requestToken = location.searchParams.get('request_token');
    expect(requestToken).toMatch(/^[A-Za-z0-9]{32}$/);
    expect([...location.searchParams].sort()).toEqual(
      [
        ['action', 'login'],
        ['more', 'Y Z'],
        ['request_token', requestToken],
        ['some', 'X'],
        ['some', 'again'],
        ['status', 'success'],
        ['type', 'login'],
      ].sort(),
    );
  });

  test('keeps the query that was registered, to the letter', async () => {
    const redirectUrl = 'https://desk.example/kite?tenant=a%20b&flag';
    const simulator = await start({ redirectUrl });
    const approved = await submitLogin(simulator, { user_id: 'SIM0001' });
    expect(approved.headers.get('location')).toMatch(
      /^https:\/\/desk\.example\/kite\?tenant=a%20b&flag&.*request_token=/,
    );
    const cancelled = await submitLogin(simulator, { decision: 'cancel' });
    expect(cancelled.headers.get('location')).toBe(`${redirectUrl}&status=cancelled`);
  });

  test('of a cancellation does not give the redirect_params back', async () => {
    const simulator = await start();
    const response = await submitLogin(simulator, {
      user_id: 'SIM0001',
      decision: 'cancel',
      redirect_params: 'some=X',
    });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(
      'http://localhost:4000/callback?status=cancelled',
    );
  });

  test('cannot be made to lie by redirect_params', async () => {
    const simulator = await start();
    const response = await submitLogin(simulator, {
      user_id: 'SIM0001',
      redirect_params: 'status=cancelled&request_token=forged&action=x&type=y&kept=1',
    });
    const { searchParams } = locationOf(response);
    expect(searchParams.getAll('status')).toEqual(['success']);
    expect(searchParams.getAll('request_token')).toEqual([expect.stringMatching(/^\w{32}$/)]);
    expect(searchParams.getAll('action')).toEqual(['login']);
    expect(searchParams.getAll('type')).toEqual(['login']);
    expect(searchParams.get('kept')).toBe('1');
  });
});

test('the index page leads to the logins and shows the standing tokens, but no secret', async () => {
  const simulator = await start({ accounts: 30 });
  const html = await (await fetch(simulator.url)).text();
  for (const app of ['simulator', 'simulator-two', 'simulator-platform']) {
    expect(html).toContain(`href="/connect/login?v=3&amp;api_key=${app}"`);
  }
  expect(html).toContain('SIM0020-token');
  expect(html).not.toContain('SIM0021');
  expect(html).not.toContain('simulator-secret');
  expect(html).toContain(`curl -X POST ${simulator.url}/simulator/clock`);
});
