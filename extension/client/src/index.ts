/** What both editors share: messages, the link to a kernel, the panel's state, the cells it writes. No editor's API. */

export * from './cells';
export * from './generated/messages';
export * from './handshake';
export * from './link';
export * from './store';
