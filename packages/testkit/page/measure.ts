/* Runs in the page: it is sent there as its source, so it stands alone. */

/** What a picture shows and what is wrong with how it is drawn. */
export interface Measured {
  /** One line each: kind, element, what it is and what it ought to be. */
  readonly faults: readonly string[];
  /** What is drawn: `dialog`, `menu`, `list`, `empty` or `loading`, and its title or label. */
  readonly drawn: readonly string[];
}

/**
 * Measures what is on top: the open window, or the page, and what floats above it. A text is cut by what hides its
 * overflow, unless its end is an ellipsis with room for a word; controls are pressed where they are, named, and of a
 * size for a finger; nothing stands out of its parent or out of sight.
 */
export function measurePage(): Measured {
  const LEAST_PRESSED = 24;
  /** Less than this much of a shortened text says nothing, in its own size. */
  const LEAST_READ_EM = 4;
  const SLACK = 1.5;
  const CONTROLS =
    'button, a[href], input:not([type=hidden]), select, textarea, summary, [contenteditable=true], ' +
    '[role=button], [role=link], [role=option], [role^=menuitem], [role=tab], [role=radio], [role=checkbox], ' +
    '[role=switch], [role=treeitem]';
  const faults = new Set<string>();
  // Without the scroll bar, which lies above everything.
  const { clientWidth: wide, clientHeight: high } = document.documentElement;

  const styles = new Map<Element, CSSStyleDeclaration>();
  const styleOf = (element: Element): CSSStyleDeclaration => {
    let style = styles.get(element);
    if (!style) styles.set(element, (style = getComputedStyle(element)));
    return style;
  };
  const say = (element: Element): string => {
    const name = [...element.classList].filter((each) => !each.startsWith('_')).slice(0, 2);
    const text = (element.getAttribute('aria-label') ?? element.textContent).trim().replace(/\s+/g, ' ');
    const near = name.length > 0 ? element : element.parentElement?.closest('[class]');
    const within = near && near !== element ? `${near.classList[0] ?? ''} ` : '';
    return `${within}${[element.localName, ...name].join('.')} “${text.slice(0, 40)}”`;
  };
  const note = (kind: string, element: Element, more: string): void => {
    faults.add(`${kind}: ${say(element)}${more === '' ? '' : `, ${more}`}`);
  };
  const px = (length: number): string => String(Math.round(length));

  /** For screen readers alone: one pixel, cut to nothing. */
  const unseen = (element: Element): boolean =>
    element.closest('.q-sr, [hidden], [inert]') !== null ||
    [element, ...ancestorsOf(element)].some((each) => {
      const { clipPath, position } = styleOf(each);
      return position === 'absolute' && clipPath.startsWith('inset(50%');
    });
  function ancestorsOf(element: Element): Element[] {
    const found: Element[] = [];
    for (let at = element.parentElement; at; at = at.parentElement) found.push(at);
    return found;
  }
  const seen = (element: Element): boolean =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !unseen(element);

  const modal = [...document.querySelectorAll('dialog:modal')].at(-1);
  const floating = [...document.querySelectorAll(':popover-open')].filter(
    (each) => !modal?.contains(each) && each.getBoundingClientRect().height > 0,
  );
  const roots = [modal ?? document.body, ...floating];
  const all = roots.flatMap((root) => [root, ...root.querySelectorAll('*')]).filter((each) => seen(each));

  /** What an ancestor leaves of a box, up to its containing block's chain. */
  const isClipping = (overflow: string): boolean => overflow === 'hidden' || overflow === 'clip';
  const scrolls = (overflow: string): boolean => overflow === 'auto' || overflow === 'scroll';
  /** Ancestors that hold an element's box; those between a floating box and its block do not. */
  const holders = (element: Element): Element[] => {
    const found: Element[] = [];
    let { position } = styleOf(element);
    for (const each of ancestorsOf(element)) {
      if (position === 'fixed') break;
      if (position === 'absolute' && styleOf(each).position === 'static') continue;
      found.push(each);
      ({ position } = styleOf(each));
      if (each.matches('dialog:modal, :popover-open')) break;
    }
    return found;
  };

  /** The part of a box that is on the screen, after all that hides and scrolls; `own`: the element itself, too. */
  const visiblePart = (element: Element, box: DOMRect, own = false): DOMRect => {
    let { left, right, top, bottom } = box;
    for (const each of own ? [element, ...holders(element)] : holders(element)) {
      // What stands in a line neither hides nor scrolls, whatever it is told.
      if (/^(inline|contents)$/.test(styleOf(each).display)) continue;
      const { overflowX, overflowY } = styleOf(each);
      const rect = each.getBoundingClientRect();
      if (overflowX !== 'visible') [left, right] = [Math.max(left, rect.left), Math.min(right, rect.right)];
      if (overflowY !== 'visible') [top, bottom] = [Math.max(top, rect.top), Math.min(bottom, rect.bottom)];
    }
    [left, right, top, bottom] = [
      Math.max(0, left),
      Math.min(wide, right),
      Math.max(0, top),
      Math.min(high, bottom),
    ];
    return new DOMRect(left, top, Math.max(0, right - left), Math.max(0, bottom - top));
  };

  // --- texts ---
  /** Signs that are as wide as the fonts of a machine make them: a family is one where they know it, or four. */
  const PICTURES = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f\s]*$/u;
  /** The lines of an element's own text. */
  const linesOf = (element: Element): DOMRect[] => {
    const range = document.createRange();
    return [...element.childNodes]
      .filter((node) => node instanceof Text && !PICTURES.test(node.data))
      .flatMap((node) => {
        range.selectNodeContents(node);
        return [...range.getClientRects()].filter((line) => line.width > 0 && line.height > 0);
      });
  };
  const texts: { element: Element; box: DOMRect; place: number }[] = [];
  for (const element of all) {
    if (element.closest('svg, option, [aria-hidden=true] > svg')) continue;
    const lines = linesOf(element);
    if (lines.length === 0) continue;
    for (const [place, line] of lines.entries()) texts.push({ element, box: line, place });
    const block = [element, ...ancestorsOf(element)].find(
      (each) => !/^(inline|contents)$/.test(styleOf(each).display),
    );
    if (block && styleOf(block).overflowX === 'visible' && styleOf(block).textIndent === '0px') {
      const { left, right } = block.getBoundingClientRect();
      const far = Math.max(...lines.map((line) => Math.max(line.right - right, left - line.left)));
      if (far > SLACK) note('wider', element, `its text is ${px(far)} px out of ${say(block)}`);
    }
    const size = Number.parseFloat(styleOf(element).fontSize);
    for (const each of [element, ...holders(element)]) {
      const { overflowX, overflowY, textOverflow, webkitLineClamp } = styleOf(each);
      if (!isClipping(overflowX) && !isClipping(overflowY)) {
        if (scrolls(overflowX) || scrolls(overflowY)) break;
        continue;
      }
      const rect = each.getBoundingClientRect();
      const shortened = textOverflow === 'ellipsis' || webkitLineClamp !== 'none';
      const far = Math.max(...lines.map((line) => Math.max(line.right - rect.right, rect.left - line.left)));
      if (isClipping(overflowX) && far > SLACK && rect.width > 0) {
        const left = Math.max(0, rect.width);
        if (!shortened) note('cut', element, `${px(far)} px are hidden in ${say(each)}`);
        else if (left < LEAST_READ_EM * size) note('cut', element, `only ${px(left)} px are left of it`);
        break;
      }
      const above = Math.max(...lines.map((line) => rect.top - line.top));
      const below = Math.max(...lines.map((line) => line.bottom - rect.bottom));
      const over = Math.max(above, below);
      if (isClipping(overflowY) && !shortened && over > size * 0.3) {
        note('cut', element, `${px(over)} px of its height are hidden in ${say(each)}`);
        break;
      }
      if (scrolls(overflowX) || scrolls(overflowY)) break;
    }
  }

  // --- fields: what is written or asked in them ---
  for (const element of all) {
    if (
      !(element instanceof HTMLInputElement) ||
      !/^(text|search|email|url|tel|password|)$/.test(element.type)
    )
      continue;
    if (element.value !== '' || element.placeholder === '') continue;
    const canvas = document.createElement('canvas').getContext('2d');
    if (!canvas) continue;
    const style = styleOf(element);
    canvas.font = style.font;
    const room =
      element.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    const needs = canvas.measureText(element.placeholder).width;
    if (needs > room + 2)
      note('cut', element, `“${element.placeholder}” needs ${px(needs)} px and has ${px(room)}`);
  }

  // --- boxes ---
  const scrolled = (element: Element, axis: 'overflowX' | 'overflowY'): boolean =>
    holders(element).some((each) => styleOf(each)[axis] !== 'visible' && each !== document.body);
  for (const element of all) {
    const parent = element.parentElement;
    const box = element.getBoundingClientRect();
    if (!parent || box.width === 0 || box.height === 0 || element.closest('svg') !== null) continue;
    const style = styleOf(element);
    if (style.display === 'inline' || style.display === 'contents') continue;
    const flows = style.position === 'static' || style.position === 'relative';
    if (flows && !roots.includes(element) && styleOf(parent).display !== 'contents') {
      const rect = parent.getBoundingClientRect();
      const { overflowX, display, clipPath } = styleOf(parent);
      const pulled = Number.parseFloat(style.marginLeft) < 0 || Number.parseFloat(style.marginRight) < 0;
      const moved = style.transform !== 'none' || style.left !== 'auto' || style.right !== 'auto';
      const over = Math.max(box.right - rect.right, rect.left - box.left);
      if (display !== 'inline' && rect.width > 0 && clipPath === 'none' && !pulled && !moved && over > SLACK)
        if (!scrolls(overflowX) && !isClipping(overflowX))
          note('wider', element, `${px(over)} px out of ${say(parent)}`);
    }
    const out = Math.max(box.right - wide, -box.left);
    if (out > SLACK && !scrolled(element, 'overflowX'))
      note('outside', element, `${px(out)} px beside the window`);
    const fixed = modal?.contains(element) === true || floating.some((each) => each.contains(element));
    const under = Math.max(box.bottom - high, -box.top);
    if (fixed && under > SLACK && !scrolled(element, 'overflowY'))
      note('outside', element, `${px(under)} px above or below the window`);
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
    // Also what is not seen makes a page wide.
    const wider = [...document.body.querySelectorAll('*')].find(
      (each) => each.getBoundingClientRect().right > wide + SLACK && !scrolled(each, 'overflowX'),
    );
    note('wider', wider ?? document.documentElement, 'the page scrolls sideways');
  }

  // --- controls ---
  const nameOf = (element: Element): string => {
    const by = (element.getAttribute('aria-labelledby') ?? '')
      .split(/\s+/)
      .map((id) => (id === '' ? '' : (document.getElementById(id)?.textContent ?? '')))
      .join(' ');
    const labels =
      element instanceof HTMLInputElement ||
      element instanceof HTMLSelectElement ||
      element instanceof HTMLTextAreaElement
        ? [...(element.labels ?? [])].map((label) => label.textContent).join(' ')
        : element.textContent;
    const inner = [...element.querySelectorAll('[aria-label], [alt], [title]')].map(
      (each) =>
        each.getAttribute('aria-label') ?? each.getAttribute('alt') ?? each.getAttribute('title') ?? '',
    );
    const value =
      element instanceof HTMLInputElement && /^(submit|button|reset)$/.test(element.type)
        ? element.value
        : '';
    return [
      element.getAttribute('aria-label') ?? '',
      by,
      labels,
      ...inner,
      element.getAttribute('title') ?? '',
      value,
    ]
      .join(' ')
      .trim();
  };
  const labelOf = (element: Element): Element | null =>
    element.closest('label') ?? (element instanceof HTMLInputElement ? (element.labels?.[0] ?? null) : null);
  const same = (element: Element, hit: Element | null): boolean => {
    if (!hit) return false;
    if (element.contains(hit) || hit.contains(element)) return true;
    const label = labelOf(element);
    return label !== null && (label.contains(hit) || hit.contains(label));
  };
  /** Whether it lies above the flow of the page, and what of it is over an element with it. */
  const rises = (top: Element, over: Element): boolean =>
    [top, ...ancestorsOf(top)].some(
      (each) => !each.contains(over) && /absolute|fixed/.test(styleOf(each).position),
    );
  const opaque = (element: Element): boolean => {
    const { backgroundColor, backgroundImage } = styleOf(element);
    return (
      backgroundImage !== 'none' ||
      !/^(transparent|rgba\(.*, 0(\.\d+)?\)|.*\/ 0(\.\d+)?\))$/.test(backgroundColor)
    );
  };
  /** A page over a page, as on a phone: as wide as the window, and nothing of what is below it shows. */
  const hides = (layer: Element, hit: Element, box: DOMRect): boolean => {
    const { width, height } = layer.getBoundingClientRect();
    if (width < wide - 1 || height < high * 0.6) return false;
    const inside = [hit, ...ancestorsOf(hit)].filter((each) => layer.contains(each));
    const corners = [box.left + 2, box.right - 2].flatMap((x) => [
      document.elementFromPoint(x, box.top + 2),
      document.elementFromPoint(x, box.bottom - 2),
    ]);
    return inside.some((each) => opaque(each)) && corners.every((each) => layer.contains(each));
  };
  /** A bar that comes with the pointer or the focus, and goes with it. */
  const passes = (element: Element, hit: Element): boolean => {
    const bar = hit.closest('[role=toolbar]');
    if (!bar || !rises(bar, element)) return false;
    // Or what it opened is open.
    return (
      bar.parentElement?.matches(':hover, :focus-within') === true ||
      bar.querySelector('[aria-expanded=true], :popover-open') !== null
    );
  };
  /** What may cover a control: it was opened to do so, and goes when it is closed. */
  const mayCover = (element: Element, hit: Element, box: DOMRect, scrolledTo = false): boolean => {
    const list = hit.closest('[role=listbox]');
    // Not its own field; it follows when that is scrolled, but not before the next frame.
    const own = !scrolledTo && list !== null && element.getAttribute('aria-controls') === list.id;
    if (list && !list.contains(element) && !own && rises(list, element)) return true;
    const over = floating.find((each) => each.contains(hit));
    if (over) return !over.contains(element) && over.getAttribute('popover') !== 'manual';
    if (passes(element, hit)) return true;
    return [hit, ...ancestorsOf(hit)].some(
      (each) =>
        !each.contains(element) &&
        ((each.matches('[role=dialog]') && rises(each, element)) || hides(each, hit, box)),
    );
  };
  /** A head, a foot, a column or a toast that stays while what is below it scrolls. */
  const stays = (element: Element, hit: Element): boolean =>
    [hit, ...ancestorsOf(hit)].some(
      (each) => !each.contains(element) && /sticky|fixed/.test(styleOf(each).position),
    );

  /** What an element can be scrolled in, out from below what lies over it. */
  const scrollerOf = (element: Element, hit: Element): Element | undefined =>
    [element, ...holders(element)].find((each) => {
      const { overflowX, overflowY } = styleOf(each);
      const down = scrolls(overflowY) && each.scrollHeight > each.clientHeight + 1;
      const along = scrolls(overflowX) && each.scrollWidth > each.clientWidth + 1;
      return (down || along) && !each.contains(hit);
    });

  /** Scrolls to an element, as far as a person can, and back again when it was looked at. */
  const inSight = <Seen>(element: Element, look: () => Seen): Seen => {
    const places = [element, ...ancestorsOf(element)].map(
      (each) => [each, each.scrollLeft, each.scrollTop] as const,
    );
    const put = (of: readonly (readonly [Element, number, number])[]): void => {
      for (const [each, left, top] of of)
        if (each.scrollLeft !== left || each.scrollTop !== top)
          each.scrollTo({ left, top, behavior: 'instant' });
    };
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    // Only a program scrolls what clips, and an element may clip along one axis and scroll along the other.
    put(
      places.map(([each, left, top]) => {
        const { overflowX, overflowY } = styleOf(each);
        return [
          each,
          isClipping(overflowX) ? left : each.scrollLeft,
          isClipping(overflowY) ? top : each.scrollTop,
        ];
      }),
    );
    const sight = look();
    put(places);
    return sight;
  };

  const judge = (element: Element, scrolledTo: boolean): void => {
    const style = styleOf(element);
    const inline = style.display === 'inline' && element.localName === 'a';
    const box = inline
      ? (element.getClientRects()[0] ?? element.getBoundingClientRect())
      : element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return;
    // Beyond the beginning of the page: it comes when the keyboard comes to it.
    const [along, down] = style.position === 'fixed' ? [0, 0] : [window.scrollX, window.scrollY];
    if (box.bottom + down <= 0 || box.right + along <= 0) return;
    const shown = visiblePart(element, box);
    const again = (): void => {
      inSight(element, () => {
        judge(element, true);
      });
    };
    const least = scrolledTo ? Math.min(box.height, LEAST_PRESSED) : box.height;
    if (shown.width < Math.min(box.width, LEAST_PRESSED) - 1 || shown.height < least - 1) {
      if (!scrolledTo) again();
      else note('cut', element, `only ${px(shown.width)} × ${px(shown.height)} px of it can be scrolled to`);
      return;
    }
    const x = shown.left + shown.width / 2;
    const y = shown.top + shown.height / 2;
    const hit = document.elementFromPoint(x, y);
    if (hit && !same(element, hit)) {
      if (mayCover(element, hit, shown, scrolledTo)) return;
      if (!scrolledTo && (stays(element, hit) || scrollerOf(element, hit))) again();
      else note('covered', element, `by ${say(hit)}`);
      return;
    }
    if (inline) return;
    const around = labelOf(element)?.getBoundingClientRect();
    const width = Math.max(box.width, around?.width ?? 0);
    const height = Math.max(box.height, around?.height ?? 0);
    if (width >= LEAST_PRESSED - 0.5 && height >= LEAST_PRESSED - 0.5) return;
    // What reacts may be larger than what is drawn.
    const reach = LEAST_PRESSED / 2 - 0.5;
    const reacts = [
      [x - reach, y],
      [x + reach, y],
      [x, y - reach],
      [x, y + reach],
    ].every(([left = 0, top = 0]) => {
      const at = document.elementFromPoint(left, top);
      return at !== null && element.contains(at);
    });
    if (!reacts) note('small', element, `${px(width)} × ${px(height)} px`);
  };
  for (const element of all) {
    const hidden = element.closest('[aria-hidden=true]') !== null;
    if (element.matches('img:not([alt]), [role=img]:not(svg)') && !hidden && nameOf(element) === '')
      note('unnamed', element, 'a picture without a name');
    if (
      element.localName === 'svg' &&
      !hidden &&
      !element.matches('[role=presentation], [role=none]') &&
      nameOf(element) === ''
    )
      note('unnamed', element, 'an icon that has no name and is not hidden');
    if (!element.matches(CONTROLS) || hidden) continue;
    if (nameOf(element) === '') note('unnamed', element, element.outerHTML.slice(0, 80));
    if (styleOf(element).pointerEvents === 'none' || element.matches(':disabled, [aria-disabled=true]'))
      continue;
    judge(element, false);
  }

  // --- texts below controls ---
  /** The control that lies over a text at a point. */
  const controlOver = (element: Element, shown: DOMRect, x: number, y: number): Element | undefined => {
    const hit = document.elementFromPoint(x, y);
    const control = hit?.closest(CONTROLS);
    if (!hit || !control || control.contains(element) || element.contains(control)) return undefined;
    const may =
      labelOf(control)?.contains(element) === true || mayCover(element, hit, shown) || stays(element, hit);
    return may ? undefined : control;
  };
  for (const { element, box, place } of texts) {
    const shown = visiblePart(element, box, true);
    if (shown.width < 4 || shown.height < box.height - 1) continue;
    for (const x of [shown.left + 2, shown.left + shown.width / 2, shown.right - 2]) {
      const control = controlOver(element, shown, x, shown.top + shown.height / 2);
      if (!control) continue;
      const scroller = scrollerOf(element, control);
      // To the very point: a text may be higher, and wider, than what it scrolls in.
      const still =
        !scroller ||
        inSight(element, () => {
          const point = (): [line: DOMRect, x: number, y: number] => {
            const line = linesOf(element)[place] ?? box;
            return [line, line.left + x - box.left, line.top + line.height / 2];
          };
          const rect = scroller.getBoundingClientRect();
          const [, fromX, fromY] = point();
          scroller.scrollBy({
            left: fromX - rect.left - rect.width / 2,
            top: fromY - rect.top - rect.height / 2,
            behavior: 'instant',
          });
          const [line, toX, toY] = point();
          return controlOver(element, visiblePart(element, line, true), toX, toY) !== undefined;
        });
      if (!still) continue;
      note('covered', element, `its text by ${say(control)}`);
      break;
    }
  }

  // --- rows of controls that go on out of sight ---
  for (const element of all) {
    if (!scrolls(styleOf(element).overflowX) || element.scrollWidth <= element.clientWidth + 1) continue;
    if (
      element.querySelector('table') ||
      element.matches('pre, table, [contenteditable]') ||
      element.closest('pre')
    )
      continue;
    const rect = element.getBoundingClientRect();
    const away = [...element.querySelectorAll(CONTROLS)].filter((each) => {
      const box = each.getBoundingClientRect();
      return seen(each) && box.width > 0 && (box.left > rect.right - 4 || box.right < rect.left + 4);
    });
    if (away.length > 0)
      note('out of sight', element, `${px(away.length)} controls, first ${say(away[0] ?? element)}`);
  }

  // --- texts over each other ---
  const sorted = texts
    .filter(({ element, box }) => visiblePart(element, box, true).height > 4)
    .sort((a, b) => a.box.top - b.box.top);
  for (const [index, one] of sorted.entries()) {
    for (let next = index + 1; next < sorted.length; next++) {
      const other = sorted[next];
      if (!other || other.box.top > one.box.bottom - 4) break;
      if (
        one.element === other.element ||
        one.element.contains(other.element) ||
        other.element.contains(one.element)
      )
        continue;
      const left = Math.max(one.box.left, other.box.left);
      const right = Math.min(one.box.right, other.box.right);
      const top = Math.max(one.box.top, other.box.top);
      const bottom = Math.min(one.box.bottom, other.box.bottom);
      if (right - left < 3 || bottom - top < Math.min(one.box.height, other.box.height) * 0.35) continue;
      const stack = document.elementsFromPoint((left + right) / 2, (top + bottom) / 2);
      const places = [stack.indexOf(one.element), stack.indexOf(other.element)].sort((a, b) => a - b);
      const [upper = -1, lower = -1] = places;
      if (upper < 0) continue;
      const below = stack[lower];
      const hidden = stack.slice(upper, lower).some((each) => below && !each.contains(below) && opaque(each));
      if (!hidden) note('over each other', one.element, `and ${say(other.element)}`);
    }
  }

  // --- what is drawn, by what a person reads of it ---
  const kinds: Readonly<Record<string, string>> = {
    'dialog[open] h2, dialog[open][aria-label], [role=dialog]': 'dialog',
    '[role=menu]': 'menu',
    '[role=listbox]': 'list',
    '.q-empty__title': 'empty',
    '[role=status].q-skeleton': 'loading',
  };
  const drawn = Object.entries(kinds).flatMap(([selector, kind]) =>
    [...document.querySelectorAll(selector)]
      .filter((each) => seen(each) && each.getBoundingClientRect().height > 0)
      .map((each) => `${kind} ${(each.getAttribute('aria-label') ?? each.textContent).trim()}`),
  );
  const raw = /(?<![@\w/.])(?:[a-z]{2,12}):[a-z]+[_.][a-z_.]+/.exec(
    (modal instanceof HTMLElement ? modal : document.body).innerText,
  );
  if (raw && !raw[0].includes('localhost')) faults.add(`untranslated: ${raw[0]}`);
  return { faults: [...faults], drawn };
}
