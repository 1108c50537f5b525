/** The JupyterLab front end of dex: one plugin per feature. */

import { badgePlugin } from './plugins/badge';
import { commandsPlugin } from './plugins/commands';
import { corePlugin } from './plugins/core';
import { marksPlugin } from './plugins/marks';
import { outputPlugin } from './plugins/output';
import { panelPlugin } from './plugins/panel';

export { IDex } from './tokens';

export default [corePlugin, panelPlugin, commandsPlugin, badgePlugin, outputPlugin, marksPlugin];
