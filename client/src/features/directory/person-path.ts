/** Address of a person's page. */
export const personPath = (userId: string): string => `/person/${encodeURIComponent(userId)}`;
