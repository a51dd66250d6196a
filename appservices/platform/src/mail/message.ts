/** One language of a mail. */
export interface MailText {
  readonly lang: 'zh-Hans' | 'en';
  readonly subject: string;
  /** In order; a `link` stands on a line of its own. */
  readonly parts: readonly ({ readonly text: string } | { readonly link: string; readonly label: string })[];
}

/** A mail as it is handed to the transport. */
export interface ComposedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const HTML_LANG = { 'zh-Hans': 'zh-CN', en: 'en' } as const;

/**
 * Plain text and simple HTML of the same: nothing is fetched when it is opened, and every link is also there to be
 * read. With several languages they stand below each other.
 */
export function layoutMail(company: string, texts: readonly MailText[]): ComposedMail {
  const text = texts
    .map(({ parts }) => parts.map((part) => ('link' in part ? part.link : part.text)).join('\n\n'))
    .join('\n\n----\n\n');
  const html = texts
    .map(({ lang, parts }) => {
      const body = parts.map((part) =>
        'link' in part
          ? `<p style="margin:24px 0"><a href="${escape(part.link)}" style="background:#0b6e4f;color:#fff;padding:12px 20px;border-radius:8px;text-decoration:none;display:inline-block">${escape(part.label)}</a></p>` +
            `<p style="font-size:13px;color:#555;word-break:break-all">${escape(part.link)}</p>`
          : `<p style="margin:12px 0;white-space:pre-line">${escape(part.text)}</p>`,
      );
      return `<div lang="${HTML_LANG[lang]}">${body.join('')}</div>`;
    })
    .join('<hr style="border:0;border-top:1px solid #ddd;margin:28px 0">');
  return {
    subject: texts.map(({ subject }) => subject).join(' / '),
    text: `${text}\n`,
    html:
      '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>' +
      "<body style=\"margin:0;padding:24px;font:16px/1.6 -apple-system,'PingFang SC','Microsoft YaHei','Segoe UI',sans-serif;color:#1a1a1a;background:#fff\">" +
      `<div style="max-width:560px"><p style="font-weight:600">${escape(company)}</p>${html}</div></body></html>`,
  };
}
