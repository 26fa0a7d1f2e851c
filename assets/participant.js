// Saves each answer as it is given, keeps on the phone what could not be sent yet, and turns pages without waiting.
// Without this file everything works by forms alone.
(() => {
  'use strict';
  const FIRST_PAUSE = 2000, LONGEST_PAUSE = 60000, PATIENCE = 8000;
  const body = document.body;
  const base = (location.pathname.match(/^\/q\/[0-9a-f]+\//) || [''])[0];
  const store = 'btb:' + base;
  const find = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  let memory = {}, pause = FIRST_PAUSE, timer = 0, isSending = false, isDue = false, shownAt = '', tookPlaceAt = 0;

  // ---- the outbox: a list of {u: address, b: form body, k: key}; only the server's word takes an entry out

  const known = {};
  const read = name => {
    if (memory[name]) return memory[name];
    try {
      const text = localStorage.getItem(name);
      if (!known[name] || known[name].text !== text) known[name] = {text, list: JSON.parse(text) || []};
      return known[name].list;
    } catch (_) { return []; }
  };
  const write = (name, list) => {
    memory[name] = list;
    try {
      if (list.length) localStorage.setItem(name, JSON.stringify(list)); else localStorage.removeItem(name);
      delete memory[name];
    } catch (_) { /* storage is full or forbidden: this page remembers */ }
  };
  const outboxes = () => {
    const names = new Set([...Object.keys(memory), store]);
    try { Object.keys(localStorage).forEach(name => name.startsWith('btb:/') && names.add(name)); } catch (_) {}
    return [...names].filter(name => read(name).length);
  };
  const isEnd = one => one.u === base + 'review';
  const isWaiting = (names = [store]) => names.some(name => read(name).length);

  const tell = word => {
    const line = find('#save-status');
    const text = line && (line.dataset[word] || words && words[language] && find('#status', words[language]).dataset[word] || '');
    if (line && line.textContent !== text) line.textContent = text;
  };
  let wasRefused = false, isOver = false;
  const tellState = () => {
    if (outboxes().length) tell(isSending || isDue ? 'saving' : 'waiting'); else if (wasRefused) tell('refused');
  };

  const localTime = () => {
    const now = new Date(), minutes = -now.getTimezoneOffset(), two = n => String(Math.floor(Math.abs(n))).padStart(2, '0');
    const shifted = isNaN(now) ? '' : new Date(now.getTime() + minutes * 60000).toISOString().slice(0, -1);
    return shifted && shifted + (minutes < 0 ? '-' : '+') + two(minutes / 60) + ':' + two(minutes % 60);
  };
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), n => n.toString(16).padStart(2, '0')).join('');

  const put = (address, pairs) => {
    const entry = new URLSearchParams(pairs), key = newKey();
    entry.set('key', key);
    entry.set('at', localTime());
    entry.set('shown', shownAt);
    // What ends the visit stays last, and once, so that nothing is answered after it.
    const waiting = [...read(store), {u: address, b: entry.toString(), k: key}];
    write(store, [...waiting.filter(one => !isEnd(one)), ...waiting.filter(isEnd).slice(-1)]);
    pause = FIRST_PAUSE;
    wasRefused = false;
    tell('saving');
    // What was tapped shows first: a request costs a slow phone more than a frame. The entry is safe already.
    isDue = true;
    requestAnimationFrame(() => setTimeout(send));
  };

  const post = async entry => {
    if (!navigator.onLine) return null;
    const giveUp = new AbortController(), alarm = setTimeout(() => giveUp.abort(), PATIENCE);
    try {
      return await fetch(entry.u, {
        method: 'POST', body: entry.b, redirect: 'manual', keepalive: true, signal: giveUp.signal,
        headers: {'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json'},
      });
    } catch (_) { return null; } finally { clearTimeout(alarm); }
  };

  const parse = text => new DOMParser().parseFromString(text, 'text/html');

  // A token that the server no longer knows is replaced by the one of a fresh page.
  const renew = async name => {
    const answer = await fetch(name.slice(4)).catch(() => null);
    const input = answer && answer.ok && find('[name=csrf_token]', parse(await answer.text()));
    if (!input) return false;
    write(name, read(name).map(one => {
      const entry = new URLSearchParams(one.b);
      entry.set('csrf_token', input.value);
      return {...one, b: entry.toString()};
    }));
    return true;
  };

  const settle = async (name, entry, answer) => {
    if (!answer || answer.status >= 500 || answer.status === 429) return false;
    if (answer.status === 403) return renew(name);
    // With an answer refused the visit is not sent in unseen; what is sent in is not sent in again.
    const isStored = [200, 204].includes(answer.status);
    write(name, read(name).filter(one => one.k !== entry.k && (isStored || !isEnd(one))));
    if (name !== store) return true;
    // A visit that was sent in elsewhere keeps what comes late, one after the other; a link that ended takes nothing.
    if (answer.status === 410) write(name, []);
    if (answer.type === 'opaqueredirect' || answer.status === 410) return isOver = true;
    if (answer.status === 201) { location.assign(answer.headers.get('Location') || base + 'receipt'); return false; }
    if (!answer.ok) wasRefused = true;
    return true;
  };

  async function send() {
    isDue = false;
    if (isSending) return;
    isSending = true;
    clearTimeout(timer);
    let went = true;
    for (const name of outboxes()) {
      while (went && read(name).length) {
        const entry = read(name)[0];
        went = await settle(name, entry, await post(entry));
      }
    }
    isSending = false;
    if (isOver && !isWaiting()) { location.reload(); return; }
    if (!outboxes().length) {
      tell(wasRefused ? 'refused' : went ? 'saved' : '');
      if (wasRefused && words && kind() === 'review') location.assign(base + 'review');
      return;
    }
    tell('waiting');
    timer = setTimeout(send, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  const sendNow = () => {
    if (outboxes().length) { pause = FIRST_PAUSE; send(); }
    fetchAhead();
  };

  // ---- taps

  const form = () => find('main form#page');
  const kind = () => body.dataset.page;
  const always = () => [...new FormData(form())].filter(([key]) => key === 'csrf_token' || key === 'state');
  const tap = pairs => put(form().getAttribute('action').replace('/page/', '/tap/'), [...always(), ...pairs]);

  const isRight = input => {
    const text = input.value.trim(), number = Number(text);
    return input.dataset.min === undefined || !text
      || /^[0-9]+$/.test(text) && number >= Number(input.dataset.min) && number <= Number(input.dataset.max);
  };

  addEventListener('change', event => {
    const input = event.target;
    if (kind() !== 'items' || !input.name || input.form !== form()) return;
    const question = input.closest('.q');
    if (words && find('.q-state', question)) offer(question, 'free');
    if (isRight(input)) tap([...new FormData(form())].filter(([key]) => key === input.name));
  });

  // ---- pages in memory: the visit's pages in each language, as text until they are shown

  const texts = {}, shown = {};
  let words, language = document.documentElement.lang, current = 0, last = 0, named = new Set(), isFetching = false;

  const numberOf = address => Number((address.match(/\/page\/(\d+)/) || [])[1]);
  const addressOf = number => base + 'page/' + number;

  async function fetchAhead() {
    if (isFetching || kind() !== 'items' || location.search) return;
    isFetching = true;
    for (const one of [language, ...all('[name=lang]').map(button => button.value)]) {
      if (texts[one]) continue;
      const answer = await fetch(base + 'pages/' + one).catch(() => null);
      if (!answer || !answer.ok || answer.redirected) break;
      texts[one] = await answer.json().catch(() => null);
      prepare();
    }
    isFetching = false;
  }

  const prepare = () => {
    if (!texts[language]) return;
    if (!words) words = {};
    if (!words[language]) words[language] = parse(texts[language].words);
    (window.requestIdleCallback || setTimeout)(() => pageOf(current + 1));
  };

  // The page of a number in the language that is read, with what was entered meanwhile in another one.
  const pageOf = number => {
    const before = shown[number];
    if (before && before.language === language || !texts[language] || !texts[language].pages[number - 1]) return before;
    const page = parse(texts[language].pages[number - 1]);
    const made = {language, title: page.title, main: find('main', page), frame: page.body};
    if (before) carry(before.main, made.main);
    return shown[number] = made;
  };

  const carry = (from, to) => {
    all('input:not([type=hidden])', from).forEach(old => {
      const input = find('#' + old.id, to);
      if (!input) return;
      input.checked = old.checked;
      if (old.type === 'text') input.value = old.value;
    });
    all('.q', from).forEach(old => {
      const question = find('#' + old.id, to), state = find('.q-state', old);
      if (!question || !state === !find('.q-state', question)) return;
      offer(question, state ? 'declined' : 'free');
    });
  };

  // What a question says of itself and which buttons it has, once somebody declined it or took the answer back.
  const offer = (question, state) => {
    const old = find('.q-state', question), actions = find('.q-actions', question), button = find('button', actions);
    if (old) old.remove();
    const made = find('#' + state, words[language]).content.cloneNode(true);
    if (!find('[type=radio]', question)) all('.when-answered', made).forEach(one => one.remove());
    all('button', made).forEach(one => {
      one.value = button.value;
      one.append(find('span', button).cloneNode(true));
    });
    const told = find('.q-state', made);
    if (told) find('legend, .ds-label, h1', question).after(told);
    actions.replaceChildren(...find('.q-actions', made).childNodes);
  };

  const decide = (event, button) => {
    if (!words || !words[language]) return;
    event.preventDefault();
    const question = button.closest('.q');
    all('input:not([type=hidden])', question).forEach(input => {
      input.checked = false;
      if (input.type === 'text') input.value = '';
    });
    tap([[button.name, button.value]]);
    offer(question, button.name === 'decline' ? 'declined' : 'free');
    (all('.q-actions button', question).find(one => one.offsetParent) || question).focus();
  };

  // ---- turning pages

  // As the style sheet hides it, and true of a page that is not shown too.
  const HIDDEN = CSS.supports('selector(:has(*))') ? ':is(.q, .effect):has([data-opens]):not(:has([data-opens]:checked)) .dependent:not([data-open]), '
    + '.q:has([data-opens]):not(:has([data-opens]:checked)) + .q.dependent:not([data-open])' : ':not(*)';
  const lacking = question => find('.q-state', question) ? null
    : all('.dependent input[data-min]', question).find(input => !input.closest(HIDDEN) && !input.value.trim());
  const isAnswered = question => find('.q-state, input:checked', question)
    || all('[type=text]', question).some(input => input.value.trim());
  const openIn = root => all('.q', root).filter(question => !question.matches(HIDDEN) && (!isAnswered(question) || lacking(question)));
  const targetOf = question => (isAnswered(question) && lacking(question)) || find('input:not([type=hidden])', question);
  const list = (questions, to, number) => questions.forEach(question => {
    const link = to.appendChild(document.createElement('li')).appendChild(document.createElement('a'));
    link.className = 'ds-link';
    link.href = (number ? addressOf(number) : '') + '#' + targetOf(question).id;
    link.textContent = find('legend, .ds-label, h1', question).textContent.trim();
  });

  const nameOpen = open => {
    const summary = find('#open', words[language]).content.firstElementChild.cloneNode(true), old = find('#summary');
    list(open, find('ul', summary));
    if (old) old.remove();
    form().before(summary);
    summary.focus();
  };

  const keep = () => {
    if (kind() !== 'items') return;
    const summary = find('#summary');
    if (summary) summary.remove();
    shown[current] = {language: document.documentElement.lang, title: document.title, main: find('main')};
  };

  const show = (number, isNew) => {
    keep();
    const page = pageOf(number);
    if (!page) return false;
    if (page.frame && document.documentElement.lang !== language) {
      body.replaceChildren(...page.frame.childNodes);
      document.documentElement.lang = language;
    } else if (page.main !== find('main')) find('main').replaceWith(page.main);
    delete page.frame;
    body.dataset.page = 'items';
    document.title = page.title;
    if (isNew) history.pushState(null, '', addressOf(number));
    named = new Set();
    current = number;
    shownAt = localTime();
    tookPlaceAt = performance.now();
    scrollTo(0, 0);
    const heading = find('main h1');
    if (heading) { heading.tabIndex = -1; heading.focus({preventScroll: true}); }
    tell('');
    tellState();
    prepare();
    fetchAhead();
    return true;
  };

  const speak = (event, other) => {
    if (!texts[other]) return stay(event);
    event.preventDefault();
    tap([['lang', other]]);
    language = other;
    prepare();
    show(current, false);
  };

  const showEnd = () => {
    keep();
    const end = find('#end', words[language]).content.cloneNode(true), open = find('ul', end);
    let part = '';
    for (let number = 1; number <= last; number++) {
      const page = (pageOf(number) || {}).main || open, questions = openIn(page);
      const title = questions.length ? find('h1[lang], .quiet', page).textContent : part;
      if (title !== part) open.appendChild(document.createElement('li')).textContent = part = title;
      list(questions, open, number);
    }
    if (open.children.length) open.parentNode.hidden = false;
    const main = document.createElement('main');
    main.id = 'main';
    main.append(end);
    find('main').replaceWith(main);
    body.dataset.page = 'review';
    tellEnd();
    scrollTo(0, 0);
    find('main h1').focus();
  };

  const tellEnd = () => {
    const line = find('#save-status');
    if (read(store).some(isEnd)) line.dataset.waiting = line.dataset.held;
    tell('waiting');
  };

  const leaveEnd = (event, button) => {
    event.preventDefault();
    show(current, button.name === 'back');
    if (button.name !== 'lang') return;
    speak(event, button.value);
    if (language === button.value) showEnd();
  };

  // Where there is no coverage a page that is not here cannot come.
  const stay = event => {
    if (navigator.onLine || !find('#save-status')) return;
    event.preventDefault();
    tell('offline');
  };

  const turn = (event, button) => {
    if (button.name === 'decline' || button.name === 'clear') return decide(event, button);
    if (button.name === 'lang') return speak(event, button.value);
    if (location.search) return;
    if (button.name === 'back' && pageOf(current - 1)) { event.preventDefault(); show(current - 1, true); return; }
    if (button.name !== 'next' || !words || !words[language] || wasRefused) return stay(event);
    const wrong = all('main input[data-min]').find(input => !input.closest(HIDDEN) && !isRight(input));
    if (wrong) {
      // The server says in words what is wrong with it.
      if (navigator.onLine) return;
      event.preventDefault();
      wrong.setAttribute('aria-invalid', 'true');
      wrong.focus();
      return;
    }
    const open = openIn();
    if (open.some(question => !named.has(question.id))) {
      event.preventDefault();
      open.forEach(question => named.add(question.id));
      nameOpen(open);
      return;
    }
    if (current < last ? !pageOf(current + 1) : navigator.onLine && !isWaiting()) return;
    event.preventDefault();
    put(form().getAttribute('action'), [...new FormData(form()), ['next', '1']]);
    if (current < last) show(current + 1, true); else leave(showEnd);
  };

  // The review page shows what the server holds, so what is on the phone goes first.
  const sentAll = async names => {
    for (let i = 0; i < 30 && isWaiting(names) && navigator.onLine; i++) await new Promise(done => setTimeout(done, 100));
    return !isWaiting(names);
  };
  const leave = async otherwise => { if (await sentAll()) location.assign(base + 'review'); else otherwise(); };

  // Nothing of these sessions stays in the browser. What could not be sent yet is not thrown away: once the session
  // is over here, nothing more of it could be sent.
  const leaveNothing = async sent => {
    const names = sent.dataset.leaves.split(' ').map(handle => 'btb:/q/' + handle + '/');
    sendNow();
    if (!await sentAll(names) || !navigator.onLine) { find('[role=status]', sent).textContent = sent.dataset.waiting; return; }
    names.forEach(name => write(name, []));
    sent.submit();
  };

  addEventListener('submit', event => {
    const button = event.submitter || {}, sent = event.target;
    if (sent.dataset.leaves !== undefined) { event.preventDefault(); leaveNothing(sent); }
    else if (sent.id === 'page' && kind() === 'items') turn(event, button);
    else if (sent.dataset.submits === undefined) stay(event);
    else if (button.name !== 'next') (words ? leaveEnd : stay)(event, button);
    else if (isWaiting() || !navigator.onLine) {
      event.preventDefault();
      put(sent.getAttribute('action'), [...new FormData(sent), ['next', '1']]);
      tellEnd();
    }
  });

  addEventListener('click', event => {
    // The second tap of two was meant for the page before.
    if (event.detail > 1 && performance.now() - tookPlaceAt < 500) { event.preventDefault(); event.stopPropagation(); return; }
    const link = event.target.closest('a[href^="/"]');
    if (!link) return;
    if (!words || kind() !== 'review' || !show(numberOf(link.href), true)) return stay(event);
    event.preventDefault();
    find(link.hash).focus();
  }, true);

  addEventListener('popstate', () => {
    const number = numberOf(location.pathname);
    // A link within the page is no other page.
    if (current && number && (number !== current || kind() !== 'items') && !show(number, false)) location.reload();
  });
  addEventListener('online', () => { tell(''); tellState(); });
  ['online', 'pagehide'].forEach(name => addEventListener(name, sendNow));
  addEventListener('pageshow', event => {
    // A page that the browser kept would show what was answered before the tablet was handed back.
    if (event.persisted && find('[data-leaves]')) location.reload(); else sendNow();
  });
  document.addEventListener('visibilitychange', sendNow);

  shownAt = localTime();
  if (kind() === 'items') {
    current = numberOf(location.pathname);
    last = find('progress').max;
  }
  sendNow();
})();
