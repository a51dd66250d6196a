/** Where in a web client's pages the benchmark finds what it waits for. CSS selectors. */
export interface WebClient {
  readonly name: string;
  /** Path of the sign-in form. */
  readonly start: string;
  readonly user: string;
  readonly password: string;
  readonly submit: string;
  /** Anything that stands between sign-in and the list and can be put off, in order. */
  readonly later: readonly string[];
  /** One conversation in the list. */
  readonly row: string;
  /** The conversation with that name in the list, as far as it is rendered. */
  readonly rowOf: (name: string) => string;
  /** A message in the timeline. */
  readonly message: string;
  /** Shows all of a list that is cut short. */
  readonly more?: string;
  /** What the list scrolls in. */
  readonly list: string;
  /** What the timeline scrolls in. */
  readonly timeline: string;
  readonly composer: string;
  /** Path of a conversation. */
  readonly path: (roomId: string) => string;
}

export const WEB_CLIENTS: Readonly<Record<'qiao' | 'element', WebClient>> = {
  qiao: {
    name: 'Qiao',
    start: '/',
    user: 'input[name=username]',
    password: 'input[name=password]',
    submit: 'form button[type=submit]',
    later: ['[data-put-off]'],
    row: '.c-list a[href^="/room/"]',
    rowOf: (name) => `.c-list a[href^="/room/"]:has-text("${name}")`,
    message: '.c-message[data-event]',
    list: '.c-list',
    timeline: '.c-timeline',
    composer: '.c-composer [contenteditable=true], .c-composer textarea',
    path: (roomId) => `/room/${encodeURIComponent(roomId)}`,
  },
  // Element Web 1.11; as its own end-to-end tests find them.
  element: {
    name: 'Element Web',
    start: '/#/login',
    user: 'input[name=username]',
    password: 'input[name=password]',
    submit: '.mx_Login_submit',
    later: [
      '[data-testid=dialog-cancel-button]',
      '.mx_Toast_buttons .mx_AccessibleButton_kind_secondary',
      '[data-floating-ui-portal] [role=dialog] button',
    ],
    row: '.mx_RoomTile, .mx_RoomListItemView',
    rowOf: (name) => `:is(.mx_RoomTile, .mx_RoomListItemView):has-text("${name}")`,
    more: '.mx_RoomSublist_showNButton',
    message: '.mx_EventTile[data-event-id]',
    list: '.mx_LeftPanel_roomListWrapper, .mx_RoomListView',
    timeline: '.mx_RoomView_messagePanel',
    composer: '.mx_BasicMessageComposer_input, .mx_WysiwygComposer_Editor_content',
    path: (roomId) => `/#/room/${roomId}`,
  },
};
