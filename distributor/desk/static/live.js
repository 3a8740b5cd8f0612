// One connection for all pages of a browser, which has six to a host: each page that listens by itself keeps one.

const AGAIN = 5000; // milliseconds until a connection that was refused is tried again
const pages = new Set();
let source = null;

function tell(what) {
  for (const page of pages) page.postMessage(what);
}

function listen() {
  source = new EventSource("/desk/live");
  source.addEventListener("changed", () => tell("changed"));
  source.addEventListener("error", () => {
    tell("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN);
  });
}

self.addEventListener("connect", ({ ports: [page] }) => {
  pages.add(page);
  page.onmessage = () => pages.delete(page); // its only word is that it goes
  if (source === null) listen();
  else page.postMessage(source.readyState === EventSource.OPEN ? "changed" : "lost");
});
