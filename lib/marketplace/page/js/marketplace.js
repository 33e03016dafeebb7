// Everything works without this script but searching as one types, and
// searching in pages that are files.
'use strict';

const enough = 50; // rows found, until which older pages are loaded
const atOnce = 10; // pages loaded without asking

const form = document.querySelector('form.search');
const count = document.getElementById('count');
const more = document.getElementById('more');

// A file says what was true when it was written.
function age(root) {
  const now = new Date().toISOString().slice(0, 19) + 'Z';
  for (const badge of root.querySelectorAll('.badge[data-valid]')) {
    if (badge.dataset.valid <= now) {
      badge.className = 'badge expired';
      badge.textContent = 'expired';
      badge.title = 'Expired on ' + badge.dataset.valid;
    }
  }
}

// wanted gives the fields that are filled in.
function wanted() {
  return [...new FormData(form)].map(([name, value]) => [name, value.trim()])
    .filter(([name, value]) => value !== '' && (name !== 'status' || value !== 'all' || !('static' in form.dataset)));
}

async function load(url, signal) {
  const answer = await fetch(url, { headers: { Accept: 'text/html' }, signal });
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

// Each search ends the one before.
let current = new AbortController();
function begin() {
  current.abort();
  current = new AbortController();
  return current.signal;
}

// A server is asked for the page that it would show without a script.
async function ask() {
  const signal = begin();
  const url = '?' + new URLSearchParams(wanted());
  try {
    const page = await load(url, signal);
    const results = page.getElementById('results');
    if (!results) throw new Error(page.title);
    document.getElementById('results').replaceWith(results);
    count.textContent = page.getElementById('count').textContent;
    history.replaceState(null, '', url);
  } catch (error) {
    if (!signal.aborted) count.textContent = 'The search did not work: ' + error.message;
  }
}

// In files the script itself looks through the rows, and loads older pages
// while it has found too little.
let next = document.querySelector('link[rel=next]')?.href;
async function look() {
  const signal = begin();
  for (let pages = 0; ; pages++) {
    const found = filter();
    more.hidden = !next || wanted().length === 0;
    if (more.hidden || found >= enough || pages === atOnce) return;
    try {
      await append(signal);
    } catch {
      if (signal.aborted) return;
      next = undefined;
    }
  }
}

function filter() {
  const rows = [...document.querySelectorAll('#results tbody tr')];
  const words = wanted().map(([name, value]) => [`[data-field="${name}"]`, value.toLowerCase()]);
  for (const row of rows) {
    row.hidden = !words.every(([field, word]) => row.querySelector(field).textContent.toLowerCase().includes(word));
  }
  const found = rows.filter((row) => !row.hidden).length;
  document.getElementById('none').hidden = found > 0;
  count.textContent = `${found} of ${rows.length} images` + (next && words.length > 0 ? ', older ones not looked through' : '');
  return found;
}

// The latest entry of an image by an endorser is the one that counts.
async function append(signal) {
  const url = next;
  const page = await load(url, signal);
  const body = document.querySelector('#results tbody');
  const known = new Set([...body.rows].map((row) => row.dataset.key));
  age(page);
  for (const row of page.querySelectorAll('#results tbody tr')) {
    if (known.has(row.dataset.key)) continue;
    known.add(row.dataset.key);
    for (const a of row.querySelectorAll('a')) a.href = new URL(a.getAttribute('href'), url);
    body.append(row);
  }
  const older = page.querySelector('link[rel=next]')?.getAttribute('href');
  next = older && new URL(older, url).href;
}

age(document);
if (form) {
  const files = 'static' in form.dataset;
  const search = files ? look : ask;
  let timer;
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, 200);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
  if (files) {
    form.hidden = false;
    more.addEventListener('click', look);
    if (wanted().length > 0) search(); // a browser that comes back fills in the form
  }
}
