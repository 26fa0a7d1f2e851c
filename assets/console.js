// Shows how far long work is without a press of the button. Without this file the button does the same.
(() => {
  'use strict';
  const EVERY = 1500;
  const look = async () => {
    const shown = document.getElementById('job');
    if (!shown || !shown.dataset.open) return;
    try {
      const answer = await fetch(location.href, {credentials: 'same-origin', cache: 'no-store'});
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const next = page.getElementById('job');
        // What is ready, or failed, is a page of its own: whoever reads along hears it from the beginning.
        if (!next || !next.dataset.open) { location.reload(); return; }
        for (const part of ['job-state', 'job-bar', 'job-words']) {
          const old = document.getElementById(part), fresh = page.getElementById(part);
          if (!old || !fresh) continue;
          if (part === 'job-bar') { old.value = fresh.getAttribute('value'); old.textContent = fresh.textContent; }
          else if (old.textContent !== fresh.textContent) old.replaceChildren(...fresh.childNodes);
        }
      }
    } catch (_) { /* looked for again */ }
    setTimeout(look, EVERY);
  };
  setTimeout(look, EVERY);
})();
