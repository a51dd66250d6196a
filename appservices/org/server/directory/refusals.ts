import { DomainError } from '@qiao/platform';

/**
 * The change engine says whom a refusal is about (the people of a cycle, say), and looks at the whole company for
 * it. An actor who does not see all of it gets the code and the text only.
 */
export async function withoutOthers<T>(seesAll: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (seesAll || !(error instanceof DomainError) || error.details === undefined) throw error;
    const { code, status, report, params } = error;
    throw new DomainError(code, { status, report }, params);
  }
}
