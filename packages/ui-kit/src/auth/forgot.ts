import { endpoint } from '../api/endpoint.ts';

/**
 * Somebody has forgotten the password; `name` is what was typed: user name, e-mail, phone or employee number. The
 * answer is the same whether there is such an account or not.
 */
export const forgotPassword = endpoint<{ body: { name: string } }>('POST', '/api/org/password/forgot');
