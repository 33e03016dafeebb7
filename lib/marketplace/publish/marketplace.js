// The page shows the latest entries without this script. With it, it lists, searches
// and shows all entries, which it reads from the log.
'use strict';

const step = 50; // rows shown, and rows more at each request
const pagesAtOnce = 20; // pages of the log that are loaded without a request

const form = document.querySelector('form.search');
const count = document.getElementById('count');
const more = document.getElementById('more');
const body = document.querySelector('#results tbody');
const details = document.getElementById('details');

let head; // of the log
let next; // page to be loaded next, -1 if all are
const series = new Map(); // from series to its entries, the newest first

// visible replaces characters that cannot be seen or change the direction of text.
const visible = (text) => String(text).replace(/(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');
const path = (e) => ['metadata', e.identifier, e.email, e.created + (e.variant ? '.' + e.variant : '')].join('/');
const address = (e) => path(e).split('/').map(encodeURIComponent).join('/');

function status(e) {
  if (e.deprecated) return 'deprecated';
  return e.valid > new Date().toISOString().slice(0, 19) + 'Z' ? 'valid' : 'expired';
}

function size(bytes) {
  let unit = 0;
  for (; bytes >= 1023.95; unit++) bytes /= 1024;
  return unit === 0 ? `${bytes} B` : `${bytes.toFixed(1)} ${'KMGTPE'[unit - 1]}iB`;
}

// element makes an element with text or children, which are never read as HTML.
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (child instanceof Node ? child : visible(child))));
  return made;
}

async function read(name, cache) {
  const answer = await fetch(name, { cache });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.json();
}

// load loads the next page, once for all that wait for it.
let loading = null;
function load() {
  loading ??= loadPage().finally(() => { loading = null; });
  return loading;
}

// A page never changes once it is full, so that the browser keeps it: by an address of
// its own, because it may have kept the page as it was before.
async function loadPage() {
  const page = `log/${head.generation}/${next}.json`;
  const rows = await (next < head.pages - 1 ? read(page + '?full', 'force-cache') : read(page, 'no-cache'));
  if (next === head.pages - 1) rows.length = head.last;
  for (const e of rows.reverse()) {
    const key = [e.identifier, e.email, e.fingerprint].join(' ');
    e.text = [e.identifier, e.title, e.description, e.tag, e.creator, e.email, e.os, e.osVersion, e.osArch, e.version, e.kind, e.created]
      .join('\n').toLowerCase();
    if (!series.has(key)) series.set(key, []);
    series.get(key).push(e);
  }
  next--;
}

function found() {
  const words = form.elements.words.value.toLowerCase().split(/\s+/);
  const wanted = form.elements.status.value;
  return [...series.values()].filter(([e]) => (wanted === 'all' || wanted === status(e)) && words.every((word) => e.text.includes(word)));
}

function row(entries) {
  const [e] = entries;
  const cell = (label, ...children) => element('td', { role: 'cell', 'data-label': label, dir: 'auto' }, ...children);
  const title = element('th', { role: 'rowheader', scope: 'row' },
    element('a', { href: '#' + address(e), 'data-field': 'title', dir: 'auto' }, e.title?.trim() || e.identifier), ' ');
  if (e.tag) title.append(element('span', { class: 'tag', dir: 'auto' }, e.tag), ' ');
  title.append(element('code', {}, e.identifier));
  return element('tr', { role: 'row' }, title, cell('OS', e.os ?? ''), cell('Version', e.osVersion ?? ''), cell('Arch', e.osArch ?? ''),
    cell('Endorser', e.email), cell('Created', element('time', { datetime: e.created }, e.created)),
    cell('Status', element('span', { class: 'badge ' + status(e) }, status(e))), cell('Size', size(e.bytes)));
}

let shown = step;
let current = 0; // number of the search, of which only the last goes on
async function search() {
  const mine = ++current;
  for (let pages = 0; ; pages++) {
    const all = found();
    body.replaceChildren(...all.slice(0, shown).map(row));
    document.getElementById('none').hidden = all.length > 0;
    more.hidden = next < 0 && all.length <= shown;
    count.textContent = `${Math.min(all.length, shown)} of ${all.length} images` + (next < 0 ? '' : ', older ones not looked through');
    if (next < 0 || all.length >= shown || pages === pagesAtOnce) return;
    await load();
    if (mine !== current) return;
  }
}

// show opens the details of the entry that the address names.
async function show() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (!wanted.startsWith('metadata/')) return details.close();
  const find = () => {
    for (const entries of series.values()) {
      const e = entries.find((e) => path(e) === wanted || path(e) === encodeURI(decodeURI(wanted)));
      if (e) return [e, entries];
    }
  };
  while (!find() && next >= 0) await load();
  if (find()) fill(...find());
}

function fill(e, entries) {
  const part = (name) => details.querySelector(name);
  part('h2').textContent = visible(e.title?.trim() || e.identifier);
  part('.facts').replaceChildren(element('span', { class: 'badge ' + status(e) }, status(e)), ' ', element('code', {}, e.identifier));
  if (e !== entries[0]) part('.facts').append(' ', element('a', { href: '#' + address(entries[0]) }, 'A newer entry counts.'));
  part('.description').textContent = visible(e.description ?? '');
  part('pre code').textContent = 'stratus-create-image -o new.qcow2 ' + e.identifier;
  part('.locations').replaceChildren(...(e.locations ?? []).map((at) => element('li', {},
    /^https?:\/\/[^/@]+(\/|$)/.test(at) ? element('a', { href: at, rel: 'nofollow noopener noreferrer' }, at) : at)));
  const fields = { Endorser: e.email, Endorsed: e.created, 'Valid until': e.valid, Deprecated: e.deprecated, Tag: e.tag,
    'Operating system': [e.os, e.osVersion, e.osArch].filter(Boolean).join(' '), Version: e.version, Type: e.type, Kind: e.kind,
    Creator: e.creator, Size: size(e.bytes), Format: [e.format, e.compression].filter(Boolean).join(', '),
    Subject: e.subject, Issuer: e.issuer, 'SHA-256 fingerprint': e.fingerprint, 'SHA-256 of the document': e.sha256 };
  part('dl').replaceChildren(...Object.entries(fields).filter(([, value]) => value)
    .map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', { dir: 'auto' }, value))));
  part('.history').replaceChildren(...entries.map((other) => element('li', {}, other === e ? other.created + ' (this one)'
    : element('a', { href: '#' + address(other) }, other.created))));
  part('.document').href = address(e) + '?media=xml'; // a server would answer with a page
  part('.document').download = e.identifier + '.xml';
  if (!details.open) details.showModal();
}

async function start() {
  try {
    head = await read('log/head.json', 'no-cache');
    next = head.pages - 1;
    form.hidden = false;
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (form.elements[name]) form.elements[name].value = value;
    }
    await search();
    await show();
  } catch (error) {
    count.textContent = 'The log cannot be read; these are the latest entries. ' + error.message;
  }
}

let timer;
function changed() {
  clearTimeout(timer);
  shown = step;
  timer = setTimeout(() => {
    history.replaceState(null, '', '?' + new URLSearchParams(new FormData(form)));
    search();
  }, 150);
}
form.addEventListener('input', changed);
form.addEventListener('change', changed); // WebDriver sends no input when it picks an option
form.addEventListener('submit', (event) => event.preventDefault());
more.addEventListener('click', () => {
  shown += step;
  search();
});
details.addEventListener('close', () => {
  if (location.hash.startsWith('#metadata/')) history.replaceState(null, '', location.pathname + location.search);
});
addEventListener('hashchange', show);
start();
