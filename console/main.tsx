// The script of the console: starts it in the frame of its page.
import './styles/base.css';
import './styles/layout.css';
import './styles/panels.css';
import './styles/charts.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { WrongPlace } from './panels/wrong-place.tsx';
import { placeOf } from './place.ts';
import { Console } from './state/console.ts';

const frame = document.querySelector<HTMLElement>('#console');
if (frame) {
  const place = placeOf(frame);
  if (new URL(place.home).origin === location.origin) {
    const page = new Console(place);
    render(<App console={page} />, frame);
    void page.start();
  } else render(<WrongPlace home={place.home} />, frame);
}
