import { readFileSync } from 'node:fs';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    {
      name: 'svg-as-text',
      enforce: 'pre',
      load(id) {
        const file = id.split('?')[0];
        return file.endsWith('.svg') ? `export default ${JSON.stringify(readFileSync(file, 'utf8'))};` : null;
      }
    }
  ],
  test: {
    include: ['extension/*/src/**/*.spec.{ts,tsx}'],
    environment: 'node',
    setupFiles: ['extension/vitest.setup.ts'],
    server: { deps: { inline: [/@jupyterlab\//, /@jupyter\//, /@lumino\//] } }
  }
});
