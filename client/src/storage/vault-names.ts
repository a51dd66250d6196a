/** Names in the browser's storage that the service worker reads by, too (`pwa/hints.ts`). */
export const VAULT = { database: 'qiao-vault', store: 'values', key: 'key', hints: 'hints' } as const;
export type VaultNames = typeof VAULT;
