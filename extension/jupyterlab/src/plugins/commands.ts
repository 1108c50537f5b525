/** Every action as a command: for the palette, for shortcuts, and for whatever else calls commands. */

import { isInsertable } from '@dexkit/client';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs, IDex, PLUGIN } from '../tokens';
import { NO_ARGUMENTS, textOf as text } from './arguments';
import { addJobCommands } from './jobcommands';

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PLUGIN}:commands`,
  description: 'The commands of dex for the notebook in front.',
  autoStart: true,
  requires: [IDex],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, dex: IDex, palette: ICommandPalette | null): void => {
    const { actions, front, trans } = dex;
    const { commands } = app;
    const panel = (): NotebookPanel => {
      const current = front.get().panel;
      if (current === null) {
        throw new Error(trans.__('No notebook is open.'));
      }
      return current;
    };
    const state = () => {
      const current = front.get().panel;
      return current === null ? null : actions.sessions.of(current).store.get();
    };
    const isLoaded = () => state()?.connection === 'ready';

    commands.addCommand(CommandIDs.load, {
      label: trans.__('Load dex in This Notebook'),
      caption: trans.__('Run the notebook’s cell with %load_ext dex, or add one'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => front.get().panel !== null,
      execute: () => actions.load(panel())
    });

    commands.addCommand(CommandIDs.bind, {
      label: trans.__('Bind an Environment'),
      caption: trans.__('Bind this notebook’s kernel to an environment of the project'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            environment: { type: 'string', description: trans.__('Name of the environment, such as local') },
            confirm: {
              type: 'string',
              description: trans.__('The same name again; a production environment asks for it')
            },
            writes: {
              type: 'boolean',
              description: trans.__('Allow the writes that a production environment’s guard asks for')
            }
          },
          required: ['environment'],
          additionalProperties: false
        }
      },
      isEnabled: isLoaded,
      execute: args => {
        const environment = text(args, 'environment');
        if (environment === '') {
          return commands.execute(CommandIDs.open);
        }
        const known = state()?.snapshot?.environments.find(each => each.name === environment);
        if (known?.kind === 'production' && text(args, 'confirm') !== environment) {
          actions.draft(panel()).update({ chosen: environment });
          return commands.execute(CommandIDs.open); // the panel asks for the name
        }
        return actions.bind(panel(), environment, known?.kind === 'production' && args.writes === true);
      }
    });

    commands.addCommand(CommandIDs.ask, {
      label: trans.__('Ask an Agent'),
      caption: trans.__('Insert a request as a cell below the active one and run it'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            role: { type: 'string', description: trans.__('The agent’s job, such as silver') },
            frames: {
              type: 'array',
              items: { type: 'string' },
              description: trans.__('Names of the frames that the request is about')
            },
            text: { type: 'string', description: trans.__('The request, in prose') },
            into: { type: 'string', description: trans.__('Name of the frame that the proposed code binds') }
          },
          required: ['role', 'frames', 'text'],
          additionalProperties: false
        }
      },
      isEnabled: isLoaded,
      execute: args => {
        const frames = Array.isArray(args.frames) ? args.frames.map(String) : [];
        if (frames.length === 0 || text(args, 'text') === '') {
          return commands.execute(CommandIDs.open);
        }
        return actions.ask(panel(), {
          role: text(args, 'role') || 'silver',
          frames,
          text: text(args, 'text'),
          into: text(args, 'into') || undefined
        });
      }
    });

    commands.addCommand(CommandIDs.insert, {
      label: trans.__('Insert the Last Proposal'),
      caption: trans.__('Insert the code and its assertions below the request; nothing is run'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => isInsertable(state()?.snapshot?.proposal?.status ?? null),
      execute: () => {
        const proposal = state()?.snapshot?.proposal;
        return proposal ? actions.insert(panel(), proposal) : false;
      }
    });

    commands.addCommand(CommandIDs.exportNotebook, {
      label: trans.__('Export the Notebook as a Module'),
      caption: trans.__('Save the notebook and write its module, tests and job task'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            force: { type: 'boolean', description: trans.__('Overwrite generated files that were edited by hand') },
            check: { type: 'boolean', description: trans.__('Write nothing; say what would change') }
          },
          additionalProperties: false
        }
      },
      isEnabled: () => front.get().panel !== null,
      execute: async args => {
        const notebook = panel();
        await commands.execute(CommandIDs.open);
        const reply = await actions.export(notebook, { force: args.force === true, check: args.check === true });
        return reply === null ? null : (JSON.parse(JSON.stringify(reply)) as ReadonlyPartialJSONObject);
      }
    });

    commands.addCommand(CommandIDs.sync, {
      label: trans.__('Sync the Notebook with Its Module'),
      caption: trans.__('Save the notebook and bring what was changed in its exported module back to its cells'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => front.get().panel !== null,
      execute: async () => {
        const notebook = panel();
        await commands.execute(CommandIDs.open);
        const reply = await actions.sync(notebook);
        return reply === null ? null : (JSON.parse(JSON.stringify(reply)) as ReadonlyPartialJSONObject);
      }
    });

    commands.addCommand(CommandIDs.test, {
      label: trans.__('Test the Exported Module'),
      caption: trans.__('Run the tests of the module that the notebook was exported to'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => front.get().panel !== null,
      execute: async () => {
        const notebook = panel();
        await commands.execute(CommandIDs.open);
        const reply = await actions.test(notebook);
        return reply === null ? null : (JSON.parse(JSON.stringify(reply)) as ReadonlyPartialJSONObject);
      }
    });

    commands.addCommand(CommandIDs.refresh, {
      label: trans.__('Look at the Kernel Again'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => front.get().panel !== null,
      execute: () => actions.refresh(panel())
    });

    addJobCommands(app, dex, panel);

    if (palette !== null) {
      for (const command of Object.values(CommandIDs)) {
        palette.addItem({ command, category: trans.__('dex') });
      }
    }
    const changed = () => {
      commands.notifyCommandChanged();
    };
    front.subscribe(changed);
  }
};
