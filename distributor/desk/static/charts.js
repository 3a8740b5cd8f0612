// The charts of the figures, by uPlot; they take their colours from the sheet, so that day and night both do.

const charts = document.getElementById("charts");
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const drawn = [];

const lang = document.documentElement.lang;
const tongue = navigator.languages.find((l) => l.split("-")[0] === lang.split("-")[0]) ?? lang;
const count = (n) => n.toLocaleString(tongue);
const hour = (t) => new Date(t * 1000).toLocaleString(tongue, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const unit = (n, name) => n.toLocaleString(tongue, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: n < 10 ? 1 : 0 });
const span = (s) => s == null ? "—" : s < 60 ? unit(s, "second") : s < 3600 ? unit(s / 60, "minute") : unit(s / 3600, "hour");

// The ticks of the hours: the date where a day begins, the time elsewhere, as the reader's language writes them.
const times = (u, ticks) => ticks.map((t) => {
  const at = new Date(t * 1000);
  const style = at.getHours() || at.getMinutes() ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
  return at.toLocaleString(tongue, style);
});

function hoursOf(told) {
  const first = Date.parse(told.since) / 1000;
  return Array.from({ length: Number(charts.dataset.hours) }, (_, n) => first + 3600 * n);
}

function axes(size, values = (u, ticks) => ticks.map(count)) {
  const grid = { stroke: style("--line"), width: 1 };
  const common = { stroke: style("--soft"), grid, ticks: grid, font: "12px system-ui" };
  return [{ ...common, values: times, space: 64 }, { ...common, size, values }];
}

function plot(place, series, data, { size = 56, values, log = false } = {}) {
  place.replaceChildren();
  const bars = uPlot.paths.bars({ size: [0.8, 60], align: 1 });
  const chart = new uPlot({
    width: place.clientWidth || 400,
    height: 260,
    series: [{ label: place.dataset.time, value: (u, t) => (t == null ? "—" : hour(t)) }, ...series.map((one) => one.bars ? { ...one, paths: bars, points: { show: false } } : one)],
    axes: axes(size, values),
    scales: { x: { time: true, range: (u, low, high) => [low, high + 3600] }, y: log ? { distr: 3 } : { range: (u, low, high) => [0, Math.max(4, high * 1.1)] } },
    cursor: { points: { size: 8 } },
    legend: { live: true },
  }, data, place);
  drawn.push([place, chart]);
}

function drawHours(place, told) {
  const x = hoursOf(told);
  const at = new Map(x.map((t, n) => [t, n]));
  const good = x.map(() => 0), bad = x.map(() => 0);
  for (const { hour, what, number } of told.hours) {
    const n = at.get(Date.parse(hour) / 1000);
    if (n !== undefined) (what === "delivered" ? good : bad)[n] += number;
  }
  const all = good.map((n, i) => n + bad[i]);
  plot(place, [
    { label: place.dataset.failed, bars: true, stroke: style("--bad"), fill: style("--bad"), width: 0, value: (u, v, s, i) => (i == null ? "—" : bad[i]) },
    { label: place.dataset.delivered, bars: true, stroke: style("--good"), fill: style("--good"), width: 0 },
  ], [x, all, good]);
}

function drawTimes(place, told) {
  const x = hoursOf(told);
  const by = new Map(told.receipt_by_hour.map((one) => [Date.parse(one.hour) / 1000, one]));
  const line = (name) => x.map((t) => by.get(t)?.[name] ?? null);
  const look = (name, colour) => ({ label: place.dataset[name], stroke: style(colour), width: 2, spanGaps: true, points: { show: true, size: 6 }, value: (u, v) => span(v) });
  plot(place, [look("median", "--good"), look("p95", "--warn"), look("p99", "--bad")],
    [x, line("median"), line("p95"), line("p99")],
    { size: 64, log: told.receipt_by_hour.length > 0, values: (u, ticks) => ticks.map((v) => (v == null ? "" : span(v))) });
}

async function draw() {
  const { hours, member, language } = charts.dataset;
  const answer = await fetch(`/api/v1/figures?${new URLSearchParams({ hours, member, language })}`);
  if (!answer.ok) return;
  const told = await answer.json();
  drawn.length = 0;
  drawHours(document.querySelector('[data-chart="hours"]'), told);
  drawTimes(document.querySelector('[data-chart="times"]'), told);
}

addEventListener("resize", () => { for (const [place, chart] of drawn) chart.setSize({ width: place.clientWidth, height: 260 }); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let last = Date.now();
document.addEventListener("refreshed", () => { if (Date.now() - last > 10000) { last = Date.now(); draw(); } });
draw();
