// The desk's own script: acts go through the API, pages refresh themselves in place, everything has a key.

const words = document.getElementById("words")?.dataset ?? {};
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- times, in the reader's zone

const STYLES = {
  "": { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  exact: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

const tongue = document.documentElement.lang;
const locale = navigator.languages.find((l) => l.split("-")[0] === tongue.split("-")[0]) ?? tongue;

// As a field has it: in the reader's zone, to the minute.
function instant(iso) {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function localTimes(root = document) {
  for (const input of $$("[data-instant]", root)) input.value = instant(input.dataset.was);
  for (const time of $$("time[datetime]", root)) {
    const at = new Date(time.dateTime);
    const style = { ...STYLES[time.dataset.style] };
    const now = new Date();
    if (at.toDateString() === now.toDateString()) { delete style.day; delete style.month; }
    if (at.getFullYear() !== now.getFullYear()) style.year = "numeric";
    time.textContent = at.toLocaleString(locale, style);
    time.title = at.toLocaleString(locale, { dateStyle: "full", timeStyle: "long" });
  }
}

// --- toasts

function toast(text, { bad = false, undo = null, seconds = 6 } = {}) {
  const line = document.createElement("p");
  line.className = bad ? "toast bad" : "toast";
  line.append(text);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.undo;
    button.addEventListener("click", async () => { line.remove(); await act("POST", undo, "{}"); });
    line.append(" ", button);
  }
  $("#toasts").append(line);
  setTimeout(() => line.remove(), seconds * 1000);
  return line;
}

// --- acts

async function act(method, url, body) {
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: method === "GET" ? undefined : body,
    });
  } catch {
    toast(words.offline, { bad: true });
    return null;
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401) { location.reload(); return null; }
  if (!answer.ok) {
    toast(`${answer.status === 409 ? words.conflict : words.failed}: ${told.detail ?? answer.status}`, { bad: true, seconds: 12 });
    refresh(true);
    return null;
  }
  refresh(true);
  return told;
}

function asked(button) {
  const dialog = $("#ask");
  const reason = $("#ask-reason");
  $("#ask-title").textContent = button.dataset.ask;
  $("#ask-text").textContent = button.dataset.text ?? "";
  $("#ask-yes").textContent = button.textContent;
  $("#ask-yes").classList.toggle("danger", button.classList.contains("danger"));
  const wants = button.dataset.reason;
  $("#ask-label").hidden = reason.hidden = !wants;
  reason.required = wants === "required";
  reason.value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  (wants ? reason : $("#ask-yes")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? { reason: reason.value } : null), { once: true });
  });
}

async function press(button) {
  if (button.disabled || button.ariaBusy) return;
  const { method, url } = button.dataset;
  let body = JSON.parse(button.dataset.body || "{}");
  if (button.dataset.ask) {
    const said = await asked(button);
    if (!said) return;
    if (button.dataset.reason && said.reason) body.reason = said.reason;
  }
  button.setAttribute("aria-busy", "true"); // not disabled: it would lose the focus
  const told = await act(method, url, JSON.stringify(body));
  button.removeAttribute("aria-busy");
  if (!told) return;
  if (told.said !== undefined) toast(told.said || words.done, { bad: !told.fine, seconds: 12 });
  else toast(words.done, { undo: button.dataset.undo, seconds: body.pause || 4 });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) press(button);
});

document.addEventListener("change", async (event) => {
  const choice = event.target.closest("[data-choose]");
  if (choice) {
    const value = /^\d+$/.test(choice.value) ? Number(choice.value) : choice.value;
    if (await act(choice.dataset.method ?? "POST", choice.dataset.url, JSON.stringify({ [choice.dataset.name]: value }))) toast(words.done);
  }
  if (event.target.matches(".chips input")) event.target.form.requestSubmit();
  if (event.target.id === "language") {
    document.cookie = `language=${event.target.value}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  }
});

// A time is meant once one has left it: browsers tell of a change with each digit of a year.
document.addEventListener("focusout", async ({ target }) => {
  if (!target.matches("[data-instant]") || target.validity.badInput || target.value === instant(target.dataset.was)) return;
  const at = target.value ? new Date(target.value).toISOString() : null;
  if (!await act("POST", target.dataset.url, JSON.stringify({ [target.dataset.name]: at }))) return;
  target.dataset.was = at ?? "";
  toast(words.done);
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-post]");
  if (!form) return;
  event.preventDefault();
  const told = await act("POST", form.dataset.url, JSON.stringify(Object.fromEntries(new FormData(form))));
  if (!told) return;
  if (form.dataset.then) { location.href = form.dataset.then; return; }
  if (form.dataset.show) {
    const output = $("output", form);
    output.textContent = `${output.dataset.hint} ${told[form.dataset.show]}`;
  } else toast(words.done);
  form.reset();
});

// --- sentences

function grow(area) {
  area.style.blockSize = "auto";
  area.style.blockSize = `${area.scrollHeight + 2}px`;
}

function changed() {
  return $$("textarea[data-sentence]").filter((area) => area.value.trim() && area.value !== area.dataset.was);
}

function editing() {
  const some = changed().length > 0;
  const button = $("#send-edit");
  if (button) button.disabled = !some;
  for (const other of $$("#edit [data-act]")) other.disabled = some; // what is typed is not theirs to send
  return some;
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("textarea[data-sentence]")) return;
  grow(event.target);
  event.target.closest("tr").classList.toggle("touched", event.target.value !== event.target.dataset.was);
  editing();
});

document.addEventListener("submit", async (event) => {
  if (event.target.id !== "edit") return;
  event.preventDefault();
  const form = event.target;
  const areas = changed();
  const sentences = areas.map((area) => ({ sentence: area.dataset.sentence, wording: area.value.trim() }));
  if (!sentences.length) return;
  const told = await act("POST", form.dataset.url, JSON.stringify({ seen: form.dataset.seen, sentences }));
  if (!told) { await compare(form); return; }
  for (const area of areas) area.dataset.was = area.value;
  areas[0].focus();
  editing();
  toast(words.done);
  refresh(true);
});

// What others wrote meanwhile, beside what was typed here: to send it again is then a decision.
async function compare(form) {
  const page = await fetched().catch(() => null);
  const theirs = new Map($$("textarea[data-sentence]", page ?? document).map((a) => [a.dataset.sentence, a.dataset.was]));
  const touched = new Set(changed());
  for (const area of $$("textarea[data-sentence]", form)) {
    const now = theirs.get(area.dataset.sentence) ?? area.dataset.was;
    if (now === area.dataset.was) continue;
    area.dataset.was = now;
    if (touched.has(area)) area.after(note(`${words.theirs} ${now}`));
    else { area.value = now; grow(area); }
  }
  form.dataset.seen = page?.getElementById("edit")?.dataset.seen ?? form.dataset.seen;
  editing();
}

function note(text) {
  const line = document.createElement("p");
  line.className = "theirs";
  line.textContent = text;
  return line;
}

window.addEventListener("beforeunload", (event) => { if (changed().length) event.preventDefault(); });

// --- refreshing in place: what the server says now, put where it belongs

let refreshing = false;
let again = false;
let last = 0;
let later = 0;
let atOnce = false;
let go = () => {};
let lost = null; // where the focus was before its place was gone
const CALM = 1000; // milliseconds between two refreshes: an edition that comes in is many commits
const AWAY = 3000; // milliseconds until a desk that does not answer is asked again
const FOCUSABLE = "a[href], button, select, input, textarea, summary, [tabindex]";

for (const part of $$("[data-refresh]")) part.dataset.shown = part.outerHTML;

// At once where it is one's own deed that is to be seen.
async function refresh(own = false) {
  if (own) { atOnce = true; go(); }
  if (refreshing) { again = true; return; }
  refreshing = true;
  try {
    const wait = last + CALM - Date.now();
    if (wait > 0 && !atOnce) await new Promise((resolve) => { go = resolve; setTimeout(resolve, wait); });
    atOnce = false;
    last = Date.now();
    const page = await fetched();
    if (page) replace(page);
  } catch {
    connected(false);
    clearTimeout(later);
    later = setTimeout(refresh, AWAY);
  } finally {
    refreshing = false;
    if (again) { again = false; refresh(); }
  }
}

// This page as it is now; null where one has to log in first.
async function fetched() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.redirected) { location.reload(); return null; }
  if (!answer.ok) throw new Error(`${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function replace(page) {
  const focus = spot(document.activeElement) ?? lost;
  const read = reading();
  for (const part of $$("[data-refresh]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.outerHTML === part.dataset.shown) continue;
    if (part.dataset.refresh === "calm" && editing()) continue;
    if (part.contains(document.activeElement) && document.activeElement.matches("select, input")) continue;
    put(fresh, part);
  }
  lost = document.activeElement === document.body && !refocus(focus) ? focus : null;
  if (read) scrollBy(0, (document.getElementById(read.id)?.getBoundingClientRect().top ?? read.top) - read.top);
  document.dispatchEvent(new CustomEvent("refreshed", { detail: page }));
}

function put(fresh, part) {
  const known = new Set($$("[data-id]", part).map((e) => e.id));
  const placed = document.importNode(fresh, true);
  for (const open of $$("details[open]", part)) if (open.id) placed.querySelector(`#${open.id}`)?.setAttribute("open", "");
  part.replaceWith(placed);
  placed.dataset.shown = fresh.outerHTML;
  localTimes(placed);
  $$("textarea[data-sentence]", placed).forEach(grow);
  if (known.size) $$("[data-id]", placed).filter((e) => !known.has(e.id)).forEach((e) => e.classList.add("fresh"));
}

// Where the focus is, so that it is found again when what is around it was made anew.
function spot(focus) {
  const near = focus?.closest?.("[data-refresh] [id], [data-refresh]");
  if (!near) return null;
  return { id: near.id, nth: $$(FOCUSABLE, near).indexOf(focus), key: focus.dataset.key, caret: focus.selectionStart };
}

// Whether it was found; a text that is made anew comes back a little later.
function refocus(was) {
  const near = was && document.getElementById(was.id);
  if (!near) return false;
  const same = (was.key && $(`[data-key="${was.key}"]`, near)) || $$(FOCUSABLE, near)[was.nth] || near;
  same.focus({ preventScroll: true });
  if (same.matches("textarea")) same.setSelectionRange(was.caret, was.caret);
  return document.activeElement === same;
}

// What must stay where it is while things come in above: the row in hand, else the first in view. At the top, nothing.
function reading() {
  if (scrollY === 0) return null;
  const inView = (e) => { const { top } = e.getBoundingClientRect(); return top >= 0 && top < innerHeight; };
  const some = [document.activeElement.closest("tr.row"), ...$$("[data-refresh] [id], [data-refresh]")];
  const found = some.find((e) => e?.id && inView(e));
  return found ? { id: found.id, top: found.getBoundingClientRect().top } : null;
}

function connected(is) {
  const sign = $("#live");
  if (!sign) return;
  sign.classList.toggle("lost", !is);
  sign.dataset.title ??= sign.title;
  sign.title = is ? sign.dataset.title : sign.dataset.lost;
}

let stale = false;

function heard(what) {
  connected(what !== "lost");
  if (document.hidden) stale = true;
  else refresh(); // also where the connection is lost: it may be the session that is over
}

document.addEventListener("visibilitychange", () => { if (stale && !document.hidden) { stale = false; refresh(); } });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

if ($("#main[data-live]")) {
  if (window.SharedWorker) {
    const { port } = new SharedWorker($('meta[name="live"]').content);
    port.onmessage = ({ data }) => heard(data);
    addEventListener("pagehide", () => port.postMessage("bye"));
  } else {
    const live = new EventSource("/desk/live");
    live.addEventListener("changed", () => heard("changed"));
    live.addEventListener("error", () => heard("lost"));
  }
}

// --- second thoughts: the seconds that are left

setInterval(() => {
  for (const button of $$("[data-until]")) {
    const left = Math.ceil((new Date(button.dataset.until) - Date.now()) / 1000);
    button.dataset.label ??= button.textContent;
    button.textContent = left > 0 ? `${button.dataset.label} (${left})` : button.dataset.label;
    if (left <= 0) { delete button.dataset.until; button.disabled = true; refresh(); }
  }
}, 250);

// --- keys

const GO = { w: "/desk/", m: "/desk/members", f: "/desk/figures", t: "/desk/trail" };
let going = false;

function step(by) {
  const rows = $$("tr.row");
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement?.closest?.("tr.row"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function stepDoubt(by) {
  const doubts = $$("tr.doubtful");
  if (!doubts.length) return;
  const at = doubts.indexOf(document.activeElement?.closest?.("tr.doubtful"));
  const next = doubts[(at + by + doubts.length) % doubts.length];
  ($("textarea", next) ?? next).focus();
  next.scrollIntoView({ block: "center" });
}

// The key that has this letter on it, whatever alphabet the keyboard writes.
function latin({ key, code }) {
  if (key.length > 1 || key < "\x7f") return key;
  return { BracketLeft: "[", BracketRight: "]" }[code] ?? (code.startsWith("Key") ? code.slice(3).toLowerCase() : key);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  if (event.key === "Escape") { document.activeElement?.blur(); return; }
  if (event.key === "Enter" && event.target.matches("[data-instant]")) { event.target.blur(); return; }
  if (event.target.matches("input, textarea, select")) return;
  const key = latin(event);
  if (going) { going = false; if (GO[key]) location.href = GO[key]; return; }
  const place = document.activeElement?.closest?.("tr.row") ?? $(".dossier");
  switch (key) {
    case "j": step(1); break;
    case "k": step(-1); break;
    case "Enter": if (event.target.matches("tr.row")) $("a.headline", event.target)?.click(); else return; break;
    case "u": case "z": case "h": { const button = place && $(`[data-key="${key}"]`, place); if (button) press(button); break; }
    case "/": $("#search")?.focus(); break;
    case "g": going = true; setTimeout(() => { going = false; }, 1500); break;
    case "]": stepDoubt(1); break;
    case "[": stepDoubt(-1); break;
    case "?": $("#help").showModal(); break;
    default: return;
  }
  event.preventDefault();
});

$("#ask-no")?.addEventListener("click", () => $("#ask").close("no"));
// A frame is not told that it has the focus; whoever has no mouse wants to see it.
addEventListener("blur", () => document.activeElement?.closest("iframe")?.classList.add("focused"));
addEventListener("focus", () => $("iframe.focused")?.classList.remove("focused"));

$("#help-open")?.addEventListener("click", () => $("#help").showModal());
$(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
localTimes();
$$("textarea[data-sentence]").forEach(grow);
