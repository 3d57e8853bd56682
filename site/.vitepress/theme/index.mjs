// VitePress's own theme, with tables whose code wraps: the last column would else be out of sight.
import DefaultTheme from 'vitepress/theme';
import './tables.css';

export default DefaultTheme;
