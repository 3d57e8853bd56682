// The script of the control panel: sends its forms to the control API. It runs in browsers, from its own source text.

/** Starts the panel. It may refer to nothing but what browsers have. Text is shown only as text. */
export function startControlPanel(): void {
  const numbers = ['advanceSeconds', 'delayMilliseconds', 'times', 'rupees'];
  const find = (id: string) => document.querySelector<HTMLElement>(`#${id}`);
  const say = (text: string) => find('control-status')?.replaceChildren(text);

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`/simulator/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  }

  /** Seconds from an instant to the next six in the morning in India, when Kite ends every session. */
  function secondsToSix(now: string): number {
    const day = 24 * 3_600;
    const secondOfDay = Math.floor(Date.parse(now) / 1_000 + 5.5 * 3_600) % day;
    return ((6 * 3_600 - secondOfDay + day - 1) % day) + 1;
  }

  async function refresh(): Promise<void> {
    const [{ now }, { faults }] = await Promise.all([call('GET', 'clock'), call('GET', 'faults')]);
    const style = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Kolkata' } as const;
    find('clock-now')?.replaceChildren(new Date(now).toLocaleString('en-IN', style));
    const items = faults.map(({ kind, ...scope }: Record<string, unknown>) => {
      const item = document.createElement('li');
      const words = Object.entries(scope).map(
        ([name, value]) => `${name} ${JSON.stringify(value)}`,
      );
      item.textContent = [kind, ...words].join(', ');
      return item;
    });
    find('faults')?.replaceChildren(...(items.length > 0 ? items : ['None.']));
  }

  async function bodyOf(form: HTMLFormElement, submitter: HTMLElement | null) {
    const body: Record<string, unknown> = {};
    for (const [name, value] of new FormData(form, submitter)) {
      if (typeof value !== 'string' || value === '') continue;
      // The milliseconds are those of a delay alone.
      if (name === 'delayMilliseconds' && body.kind !== 'delay') continue;
      if (name === 'six') body.advanceSeconds = secondsToSix((await call('GET', 'clock')).now);
      else if (name === 'now') body.now = `${value.length === 16 ? `${value}:00` : value}+05:30`;
      else body[name] = numbers.includes(name) ? Number(value) : value;
    }
    return Object.keys(body).length > 0 ? body : undefined;
  }

  async function send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
    const { method = 'POST', path = '' } = { ...form.dataset, ...submitter?.dataset };
    try {
      await call(method, path, method === 'POST' ? await bodyOf(form, submitter) : undefined);
      say(`Done: ${submitter?.textContent}.`);
    } catch (error) {
      say(`Not done: ${error instanceof Error ? error.message : 'the simulator does not answer'}.`);
    }
    await refresh();
  }

  document.addEventListener('submit', (event) => {
    event.preventDefault();
    if (event.target instanceof HTMLFormElement) void send(event.target, event.submitter);
  });
  void refresh();
}
