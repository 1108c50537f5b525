import { LabIcon } from '@jupyterlab/ui-components';

/** Three layers: bronze, silver, gold. */
export const dexIcon = new LabIcon({
  name: 'dexkit:dex',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M12 2 3 6.2v1.9l9 4.2 9-4.2V6.2L12 2Zm0 2.2 5.9 2.9L12 9.9 6.1 7.1 12 4.2Z"/>
    <path d="M3 10.9v2.2l9 4.2 9-4.2v-2.2l-9 4.2-9-4.2Z"/>
    <path d="M3 15.7v2.2L12 22l9-4.1v-2.2l-9 4.1-9-4.1Z"/>
  </g>
</svg>`
});
