// The page at an address that is not the console's own, which logins and the cookie of the browser do not reach.

/** Leads to the console's own address. @param home that address. */
export function WrongPlace({ home }: { readonly home: string }) {
  return (
    <main>
      <section class="panel welcome" aria-labelledby="place-title">
        <h1 id="place-title">The console is at another address</h1>
        <p>
          Logins do not reach this address, and it has no accounts. Open the console at its own.
        </p>
        <a class="button primary" href={home}>
          Open {home}
        </a>
      </section>
    </main>
  );
}
