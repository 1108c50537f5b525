"""Whether a text can be read on what is behind it."""

#: Texts of the panel whose contrast with what is behind them is below what WCAG asks.
WEAK_TEXT = """panel => {
  const parse = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const channel = value => { const c = value / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((value, i) => value * a + under[i] * (1 - a));
  const behind = node => {
    const layers = [];
    for (let on = node; on; on = on.parentElement) { layers.unshift(parse(getComputedStyle(on).backgroundColor)); }
    return layers.reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const weak = [];
  for (const node of panel.querySelectorAll('*')) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.disabled || node.closest('option')) { continue; }
    const back = behind(node);
    const front = over(parse(getComputedStyle(node).color), back);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const needed = node.getAttribute('aria-hidden') === 'true' ? 3 : 4.5;  // a mark beside a word, or a text
    if (ratio < needed) { weak.push(`${node.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`); }
  }
  return weak;
}"""
