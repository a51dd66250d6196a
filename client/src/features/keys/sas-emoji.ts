/** The 64 emoji of a comparison in the specification's order (client-server API, SAS method: emoji). */
const SYMBOLS = [
  ...['🐶', '🐱', '🦁', '🐎', '🦄', '🐷', '🐘', '🐰', '🐼', '🐓', '🐧', '🐢', '🐟', '🐙', '🦋', '🌷'],
  ...['🌳', '🌵', '🍄', '🌏', '🌙', '☁', '🔥', '🍌', '🍎', '🍓', '🌽', '🍕', '🎂', '❤', '😀', '🤖'],
  ...['🎩', '👓', '🔧', '🎅', '👍', '☂', '⌛', '⏰', '🎁', '💡', '📕', '✏', '📎', '✂', '🔒', '🔑'],
  ...['🔨', '☎', '🏁', '🚂', '🚲', '✈', '🚀', '🏆', '⚽', '🎸', '🎺', '🔔', '⚓', '🎧', '📁', '📌'],
];

/** The place of an emoji in the specification's table, by which its name is found; -1: not of it. */
export const sasNumber = (symbol: string): number => SYMBOLS.indexOf(symbol.replaceAll('\uFE0F', ''));
