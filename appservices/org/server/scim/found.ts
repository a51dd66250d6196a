import type { Json } from './filter.ts';

export interface Found {
  resource: Json;
  version: string;
  location: string;
}
export interface FoundList {
  total: number;
  resources: Json[];
}

/** Refuses a write where the client saw another version; `*` is any (RFC 9110, section 13.1.1). */
export type Precondition = (version: string) => void;
