import type { Catalogues } from '@qiao/platform';
import actsEn from '../strings/en/acts.json' with { type: 'json' };
import commonEn from '../strings/en/common.json' with { type: 'json' };
import importsEn from '../strings/en/imports.json' with { type: 'json' };
import lifecycleEn from '../strings/en/lifecycle.json' with { type: 'json' };
import provisionEn from '../strings/en/provision.json' with { type: 'json' };
import scimEn from '../strings/en/scim.json' with { type: 'json' };
import actsZh from '../strings/zh_Hans/acts.json' with { type: 'json' };
import commonZh from '../strings/zh_Hans/common.json' with { type: 'json' };
import importsZh from '../strings/zh_Hans/imports.json' with { type: 'json' };
import lifecycleZh from '../strings/zh_Hans/lifecycle.json' with { type: 'json' };
import provisionZh from '../strings/zh_Hans/provision.json' with { type: 'json' };
import scimZh from '../strings/zh_Hans/scim.json' with { type: 'json' };

/** The server's texts; `common` holds the errors, each area has a file whose keys stand below its name. */
export const orgTexts = {
  en: {
    ...commonEn,
    acts: actsEn,
    imports: importsEn,
    lifecycle: lifecycleEn,
    provision: provisionEn,
    scim: scimEn,
  },
  zh_Hans: {
    ...commonZh,
    acts: actsZh,
    imports: importsZh,
    lifecycle: lifecycleZh,
    provision: provisionZh,
    scim: scimZh,
  },
} satisfies Catalogues;
