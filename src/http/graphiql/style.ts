// How the page of GraphiQL looks: its bar, and GraphiQL itself on a phone.

/**
 * The style sheet. GraphiQL moves its tabs into their places by a transform, and leaves it on them: the first press
 * then only takes it away, and selects nothing.
 */
export const style = `
  .graphiql-tab { transform: none !important }
  .graphiql-container .graphiql-logo { display: none }
  body { display: flex; flex-direction: column; height: 100vh; height: 100dvh }
  #root { flex: 1; min-height: 0 }
  #root .graphiql-container { height: 100% }
  #browser { font: 14px/1.4 system-ui, sans-serif; color-scheme: light dark; background: Canvas; color: CanvasText;
    display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; padding: 6px 16px;
    border-bottom: 1px solid color-mix(in srgb, currentColor 22%, transparent) }
  .graphiql-light #browser { color-scheme: light }
  .graphiql-dark #browser { color-scheme: dark }
  #browser h1 { font-size: inherit; margin: 0 }
  #browser-toggle { display: none }
  #browser-panel { flex: 1; display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center }
  #browser ul { display: flex; flex-wrap: wrap; gap: 4px; max-height: 30vh; overflow-y: auto; margin: 0; padding: 0;
    list-style: none }
  #browser li { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: center; border-radius: 8px;
    padding: 1px 4px 1px 8px; border: 1px solid color-mix(in srgb, currentColor 22%, transparent) }
  #browser label { cursor: pointer }
  #browser em { font-style: normal; opacity: .85 }
  #browser a { color: LinkText; margin-right: 6px }
  #browser button { font: inherit; color: inherit; background: transparent; cursor: pointer; padding: 2px 8px;
    border: 1px solid color-mix(in srgb, currentColor 45%, transparent); border-radius: 6px }
  #browser :is(a, button, input):focus-visible { outline: 3px solid Highlight; outline-offset: 1px }
  #browser .end { margin-left: auto; display: flex; gap: 12px; align-items: center }
  #browser output { flex-basis: 100% }
  #browser output:empty { display: none }
  @media (max-width: 700px) {
    #browser { padding: 6px 8px }
    #browser h1 { display: none }
    #browser-toggle { display: block; flex: 1; text-align: start }
    #browser-panel { display: none; flex-basis: 100%; max-height: 50dvh; overflow-y: auto }
    #browser.open #browser-panel { display: flex }
    #browser-toggle::after { content: ' ▾' }
    #browser.open #browser-toggle::after { content: ' ▴' }
    #browser ul { flex-basis: 100%; flex-direction: column; max-height: none }
    #browser li { flex-wrap: nowrap; padding: 4px 4px 4px 8px }
    #browser li > :first-child { flex: 1; align-content: center; min-height: 40px }
    #browser li button { white-space: nowrap }
    #browser button, #browser a { min-height: 40px; align-content: center }
    #browser nav { display: flex; flex-wrap: wrap; gap: 0 8px; align-items: center }
    #browser .end { margin-left: 0 }
    .graphiql-container .graphiql-container { flex-direction: column-reverse }
    .graphiql-container .graphiql-sidebar { flex-direction: row; width: auto; padding: 0 8px }
    .graphiql-container .graphiql-sidebar > button { margin-top: 0 !important }
    .graphiql-container .graphiql-main { min-height: 0; position: relative }
    .graphiql-container .graphiql-plugin:not([style*='-1000px']) { position: absolute; inset: 0; z-index: 10;
      background: hsl(var(--color-base)) }
    .graphiql-container .graphiql-sessions { margin: 0; border-radius: 0; max-width: 100% }
    .graphiql-container #graphiql-session { flex-direction: column; min-height: 0; padding: 0 }
    .graphiql-container .graphiql-editors { flex: 3 1 0% !important; min-height: 0; overflow: hidden;
      border-radius: 0 }
    .graphiql-container .graphiql-response { flex: 2 1 0% !important; min-height: 0; padding-top: 4px }
    .graphiql-container .graphiql-horizontal-drag-bar { display: none }
  }
`;
