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

function localTimes(root = document) {
  for (const input of $$("[data-instant]", root)) {
    if (!input.dataset.was) continue;
    const at = new Date(input.dataset.was);
    input.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  }
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
    refresh();
    return null;
  }
  refresh();
  return told;
}

function asked(button) {
  const dialog = $("#ask");
  const reason = $("#ask-reason");
  $("#ask-title").textContent = button.dataset.ask;
  $("#ask-text").textContent = button.dataset.text ?? "";
  $("#ask-yes").textContent = button.textContent;
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
  const { method, url } = button.dataset;
  let body = JSON.parse(button.dataset.body || "{}");
  if (button.dataset.ask) {
    const said = await asked(button);
    if (!said) return;
    if (button.dataset.reason && said.reason) body.reason = said.reason;
  }
  button.disabled = true;
  const told = await act(method, url, JSON.stringify(body));
  button.disabled = false;
  if (!told) return;
  if (told.said !== undefined) toast(told.said || words.done, { bad: !told.fine, seconds: 12 });
  else toast(words.done, { undo: button.dataset.undo, seconds: body.pause || 4 });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button && !button.disabled) press(button);
});

document.addEventListener("change", async (event) => {
  const choice = event.target.closest("[data-choose]");
  if (choice) {
    const value = /^\d+$/.test(choice.value) ? Number(choice.value) : choice.value;
    if (await act(choice.dataset.method ?? "POST", choice.dataset.url, JSON.stringify({ [choice.dataset.name]: value }))) toast(words.done);
  }
  if (event.target.matches("[data-instant]")) {
    const { url, name } = event.target.dataset;
    const at = event.target.value ? new Date(event.target.value).toISOString() : null;
    if (await act("POST", url, JSON.stringify({ [name]: at }))) toast(words.done);
  }
  if (event.target.matches(".chips input")) event.target.form.requestSubmit();
  if (event.target.id === "language") {
    document.cookie = `language=${event.target.value}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  }
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
  const sentences = changed().map((area) => ({ sentence: area.dataset.sentence, wording: area.value.trim() }));
  if (!sentences.length) return;
  const told = await act("POST", form.dataset.url, JSON.stringify({ seen: Number(form.dataset.seen), sentences }));
  if (!told) return;
  for (const area of $$("textarea[data-sentence]")) area.dataset.was = area.value;
  editing();
  toast(words.done);
  refresh();
});

window.addEventListener("beforeunload", (event) => { if (changed().length) event.preventDefault(); });

// --- refreshing in place: what the server says now, put where it belongs

let refreshing = false;
let again = false;
let last = 0;
const CALM = 1000; // milliseconds between two refreshes: an edition that comes in is many commits

async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  try {
    const wait = last + CALM - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    last = Date.now();
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) { if (answer.redirected) location.reload(); return; }
    replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    connected(false);
  } finally {
    refreshing = false;
    if (again) { again = false; refresh(); }
  }
}

function replace(page) {
  const focus = document.activeElement;
  const row = focus?.closest?.("[data-id]")?.id;
  const key = focus?.dataset?.key;
  for (const part of $$("[data-refresh]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.outerHTML === part.dataset.shown) continue;
    if (part.dataset.refresh === "calm" && (editing() || part.contains(focus))) continue;
    if (part.contains(focus) && focus.matches("select, input, textarea")) continue;
    const shown = fresh.outerHTML;
    const known = new Set($$("[data-id]", part).map((e) => e.id));
    const placed = document.importNode(fresh, true);
    for (const open of $$("details[open]", part)) if (open.id) placed.querySelector(`#${open.id}`)?.setAttribute("open", "");
    part.replaceWith(placed);
    placed.dataset.shown = shown;
    localTimes(placed);
    $$("textarea[data-sentence]", placed).forEach(grow);
    if (known.size) $$("[data-id]", placed).filter((e) => !known.has(e.id)).forEach((e) => e.classList.add("fresh"));
  }
  if (row && !document.activeElement?.closest?.("[data-id]")) {
    const there = document.getElementById(row);
    (there && key ? $(`[data-key="${key}"]`, there) ?? there : there)?.focus({ preventScroll: true });
  }
  const form = $("#edit");
  if (form && !editing()) form.dataset.seen = page.getElementById("edit")?.dataset.seen ?? form.dataset.seen;
  document.dispatchEvent(new CustomEvent("refreshed", { detail: page }));
}

function connected(is) {
  const sign = $("#live");
  if (!sign) return;
  sign.classList.toggle("lost", !is);
  sign.dataset.title ??= sign.title;
  sign.title = is ? sign.dataset.title : sign.dataset.lost;
}

if ($("#main[data-live]")) {
  const live = new EventSource("/desk/live");
  let first = true;
  live.addEventListener("changed", () => { connected(true); if (first) first = false; else refresh(); });
  live.addEventListener("error", () => { connected(false); first = false; });
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

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  if (event.key === "Escape") { document.activeElement?.blur(); return; }
  if (event.target.matches("input, textarea, select")) return;
  if (going) { going = false; if (GO[event.key]) location.href = GO[event.key]; return; }
  const place = document.activeElement?.closest?.("tr.row") ?? $(".dossier");
  switch (event.key) {
    case "j": step(1); break;
    case "k": step(-1); break;
    case "Enter": if (event.target.matches("tr.row")) $("a.headline", event.target)?.click(); else return; break;
    case "u": case "z": case "h": { const button = place && $(`[data-key="${event.key}"]`, place); if (button) press(button); break; }
    case "/": $("#search")?.focus(); break;
    case "g": going = true; setTimeout(() => { going = false; }, 1500); break;
    case "]": stepDoubt(1); break;
    case "[": stepDoubt(-1); break;
    case "?": $("#help").showModal(); break;
    default: return;
  }
  event.preventDefault();
});

$("#help-open")?.addEventListener("click", () => $("#help").showModal());
localTimes();
$$("textarea[data-sentence]").forEach(grow);
