// Saves each answer as it is given, keeps on the phone what could not be sent yet, and turns pages without waiting.
// Without this file everything works by forms alone.
(() => {
  'use strict';
  const FIRST_PAUSE = 2000, LONGEST_PAUSE = 60000, PATIENCE = 8000;
  const base = (location.pathname.match(/^\/q\/[0-9a-f]+\//) || [''])[0];
  const store = 'btb:' + base;
  const pages = new Map();
  let memory = {}, pause = FIRST_PAUSE, timer = 0, isSending = false, named = new Set(), shownAt = '', current = 0;

  // ---- the outbox: a list of {u: address, b: form body, k: key}; only the server's word takes an entry out

  const read = name => {
    try { return JSON.parse(localStorage.getItem(name)) || memory[name] || []; } catch (_) { return memory[name] || []; }
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
    try { for (let i = 0; i < localStorage.length; i++) if (localStorage.key(i).startsWith('btb:/')) names.add(localStorage.key(i)); } catch (_) {}
    return [...names].filter(name => read(name).length);
  };

  const tell = word => {
    const line = document.getElementById('save-status');
    if (line && line.textContent !== (line.dataset[word] || '')) line.textContent = line.dataset[word] || '';
  };

  const localTime = () => {
    const now = new Date(), minutes = -now.getTimezoneOffset(), two = n => String(Math.floor(Math.abs(n))).padStart(2, '0');
    const shifted = isNaN(now) ? '' : new Date(now.getTime() + minutes * 60000).toISOString().slice(0, -1);
    return shifted && shifted + (minutes < 0 ? '-' : '+') + two(minutes / 60) + ':' + two(minutes % 60);
  };
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), n => n.toString(16).padStart(2, '0')).join('');

  const put = (address, pairs) => {
    const body = new URLSearchParams(pairs);
    body.set('key', newKey());
    body.set('at', localTime());
    body.set('shown', shownAt);
    write(store, [...read(store), {u: address, b: body.toString(), k: body.get('key')}]);
    pause = FIRST_PAUSE;
    tell('saving');
    send();
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

  // A token that the server no longer knows is replaced by the one of a fresh page.
  const renew = async name => {
    const answer = await fetch(name.slice(4)).catch(() => null);
    const input = answer && answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[name=csrf_token]');
    if (!input) return false;
    write(name, read(name).map(one => {
      const body = new URLSearchParams(one.b);
      body.set('csrf_token', input.value);
      return {...one, b: body.toString()};
    }));
    return true;
  };

  const settle = async (name, entry, answer) => {
    if (!answer || answer.status >= 500 || answer.status === 429) return false;
    if (answer.status === 403) return renew(name);
    write(name, read(name).filter(one => one.k !== entry.k));
    if (name !== store) return true;
    if (answer.type === 'opaqueredirect' || answer.status === 410) { location.reload(); return false; }
    if (answer.status === 201) { location.assign(answer.headers.get('Location') || base + 'receipt'); return false; }
    return true;
  };

  async function send() {
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
    if (!outboxes().length) { tell(went ? 'saved' : ''); return; }
    tell('waiting');
    timer = setTimeout(send, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  const sendNow = () => { if (outboxes().length) { pause = FIRST_PAUSE; send(); } };

  // ---- taps

  const form = () => document.querySelector('main form#page');
  const kind = () => document.body.dataset.page;
  const valueOf = name => [...new FormData(form())].filter(([key]) => key === name);
  const always = () => [...new FormData(form())].filter(([key]) => key === 'csrf_token' || key === 'state');

  const isRight = input => {
    if (input.dataset.min === undefined || !input.value.trim()) return true;
    const text = input.value.trim(), number = Number(text);
    return /^[0-9]+$/.test(text) && number >= Number(input.dataset.min) && number <= Number(input.dataset.max);
  };

  addEventListener('change', event => {
    const input = event.target;
    if (kind() !== 'items' || !input.name || input.form !== form() || !isRight(input)) return;
    put(form().getAttribute('action').replace('/page/', '/tap/'), [...always(), ...valueOf(input.name)]);
  });

  // ---- turning pages

  const isShown = element => element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null;
  const isAnswered = question => question.querySelector('.q-state')
    || [...question.querySelectorAll('input:not([type=hidden])')].some(input => /radio|checkbox/.test(input.type) ? input.checked : input.value.trim());
  const isHalfAnswered = question => [...question.querySelectorAll('.dependent input[data-min]')].some(input => isShown(input) && !input.value.trim());
  const openQuestions = () => [...document.querySelectorAll('main .q')].filter(isShown)
    .filter(question => !isAnswered(question) || isHalfAnswered(question));

  const wrongInput = () => [...document.querySelectorAll('main input[data-min]')].find(input => isShown(input) && !isRight(input));

  const nameOpen = open => {
    const summary = document.getElementById('open-questions').content.firstElementChild.cloneNode(true);
    const list = summary.querySelector('ul');
    open.forEach(question => {
      const link = list.appendChild(document.createElement('li')).appendChild(document.createElement('a'));
      link.className = 'ds-link';
      link.href = '#' + question.querySelector('input:not([type=hidden])').id;
      link.textContent = question.querySelector('legend, .ds-label, h1').textContent.trim();
    });
    const old = document.getElementById('summary');
    if (old) old.remove();
    form().before(summary);
    summary.focus();
  };

  const numberOf = address => Number((address.match(/\/page\/(\d+)/) || [])[1]);
  const addressOf = number => base + 'page/' + number;
  const keep = () => { if (kind() === 'items') pages.set(current, {title: document.title, body: [...document.body.childNodes]}); };

  const show = (number, isNew) => {
    const page = pages.get(number);
    if (!page) return false;
    keep();
    document.body.replaceChildren(...page.body);
    document.body.dataset.page = 'items';
    document.title = page.title;
    if (isNew) history.pushState(null, '', addressOf(number));
    named = new Set();
    current = number;
    shownAt = localTime();
    scrollTo(0, 0);
    const heading = document.querySelector('main h1');
    if (heading) { heading.tabIndex = -1; heading.focus({preventScroll: true}); }
    if (outboxes().length) tell(isSending ? 'saving' : 'waiting');
    fetchAhead();
    return true;
  };

  let isFetching = false;
  async function fetchAhead() {
    if (isFetching || kind() !== 'items') return;
    isFetching = true;
    const last = Number(document.querySelector('progress').max);
    for (let number = current + 1; number <= last; number++) {
      if (pages.has(number)) continue;
      const answer = await fetch(addressOf(number)).catch(() => null);
      if (!answer || !answer.ok || answer.redirected) break;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (page.body.dataset.page !== 'items') break;
      pages.set(number, {title: page.title, body: [...page.body.childNodes].map(node => document.adoptNode(node))});
    }
    isFetching = false;
  }

  const showEnd = () => {
    const end = document.getElementById('end-without-coverage').content.cloneNode(true);
    document.querySelector('main').replaceChildren(end);
    document.body.dataset.page = 'review';
    tell('waiting');
    document.querySelector('main h1').focus();
  };

  const turn = (event, button) => {
    const number = current, last = Number(document.querySelector('progress').max);
    if (button.name !== 'next' || location.search) return;
    const wrong = wrongInput();
    if (wrong) {
      event.preventDefault();
      wrong.setAttribute('aria-invalid', 'true');
      wrong.focus();
      return;
    }
    const open = openQuestions().filter(question => !named.has(question.id));
    if (open.length) {
      event.preventDefault();
      openQuestions().forEach(question => named.add(question.id));
      nameOpen(openQuestions());
      return;
    }
    if (number < last ? !pages.has(number + 1) : navigator.onLine && !read(store).length) return;
    event.preventDefault();
    put(form().getAttribute('action'), [...new FormData(form()), ['next', '1']]);
    if (number < last) show(number + 1, true); else leave(showEnd);
  };

  // The review page shows what the server holds, so what is on the phone goes first.
  async function leave(otherwise) {
    for (let i = 0; i < 30 && read(store).length && navigator.onLine; i++) await new Promise(done => setTimeout(done, 100));
    if (read(store).length) otherwise(); else location.assign(base + 'review');
  }

  // Nothing of these sessions stays in the browser; what could not be sent yet is not thrown away.
  async function leaveNothing(target) {
    const names = target.dataset.leaves.split(' ').map(handle => 'btb:/q/' + handle + '/');
    const waits = () => names.some(name => read(name).length);
    sendNow();
    for (let i = 0; i < 30 && waits() && navigator.onLine; i++) await new Promise(done => setTimeout(done, 100));
    if (waits()) { target.querySelector('[role=status]').textContent = target.dataset.waiting; return; }
    names.forEach(name => write(name, []));
    target.submit();
  }

  addEventListener('submit', event => {
    const button = event.submitter || {};
    if (event.target.dataset.leaves !== undefined) { event.preventDefault(); leaveNothing(event.target); }
    else if (event.target.id === 'page' && kind() === 'items') turn(event, button);
    else if (event.target.dataset.submits !== undefined && button.name === 'next' && read(store).length) {
      event.preventDefault();
      put(event.target.getAttribute('action'), [...new FormData(event.target), ['next', '1']]);
      tell('waiting');
    }
  });

  addEventListener('popstate', () => {
    const number = numberOf(location.pathname);
    // A link within the page is no other page.
    if (current && number && number !== current && !show(number, false)) location.reload();
  });
  addEventListener('online', sendNow);
  addEventListener('pageshow', event => {
    // A page that the browser kept would show what was answered before the tablet was handed back.
    if (event.persisted && document.querySelector('[data-leaves]')) location.reload(); else sendNow();
  });
  addEventListener('pagehide', sendNow);
  document.addEventListener('visibilitychange', sendNow);

  shownAt = localTime();
  if (kind() === 'items') {
    current = numberOf(location.pathname);
    fetchAhead();
  }
  sendNow();
})();
