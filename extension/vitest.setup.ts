/** What JupyterLab's packages expect of a browser and jsdom lacks. */

if (typeof document !== 'undefined') {
  const lacking = globalThis as unknown as Record<string, unknown>;
  lacking.DragEvent ??= class DragEvent extends Event {};
  lacking.requestIdleCallback ??= (run: () => void) => setTimeout(run, 0);
  lacking.cancelIdleCallback ??= (id: number) => {
    clearTimeout(id);
  };
  lacking.IS_REACT_ACT_ENVIRONMENT = true;
  window.matchMedia ??= (query: string) =>
    ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} }) as unknown as MediaQueryList;
  CSSStyleSheet.prototype.replaceSync ??= () => {};
}

export {};
