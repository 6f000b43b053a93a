// What a page does beyond its forms, which work without it.
"use strict";

const find = (id) => document.getElementById(id);

/** Whether this browser keeps a cookie. `navigator.cookieEnabled` does not know all settings. */
function keepsCookies() {
    document.cookie = "try=1; SameSite=Lax";
    const kept = document.cookie.includes("try=1");
    document.cookie = "try=; Max-Age=0";
    return kept;
}

if (!keepsCookies()) {
    find("cookies-off")?.removeAttribute("hidden");
}

// A page that the back button took from memory may be of a session that has ended.
addEventListener("pageshow", (event) => {
    if (event.persisted) {
        location.reload();
    }
});

/** Shows a section as the server has it, and leaves the keyboard's focus where it was. */
function show(section, html) {
    const focused = document.activeElement?.id;
    find(section).innerHTML = html;
    if (focused && document.activeElement?.id !== focused) {
        find(focused)?.focus();
    }
}

/** Follows the session while the page is in sight: browsers have few connections for each site. */
function follow(url) {
    let events = null;
    let again = null;

    function start() {
        clearTimeout(again);
        if (events || document.hidden) {
            return;
        }
        events = new EventSource(url);
        for (const section of ["changes", "devices", "stored"]) {
            events.addEventListener(section, (event) => {
                if (!(section === "changes" && sending)) {
                    show(section, event.data);
                }
            });
        }
        events.addEventListener("outage", (event) => showOutage(event.data === "on"));
        events.addEventListener("ended", () => {
            stop();
            location.replace("/"); // which says that the session has ended
        });
        events.onopen = () => document.body.classList.add("following");
        events.onerror = () => {
            stop();
            again = setTimeout(start, 2000);
        };
    }

    function stop() {
        events?.close();
        events = null;
        document.body.classList.remove("following");
    }

    document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
    addEventListener("pagehide", stop);
    start();
}

function showOutage(is_on) {
    const note = find("outage");
    note.hidden = !is_on;
    note.textContent = is_on ? "The database is not available. You are not signed out; this page waits for it." : "";
}

let sending = false;

/** Sends the twenty requests from this browser. */
async function sendTwenty(form) {
    if (sending) {
        return;
    }
    sending = true;
    const done = find("changes-done");
    done.textContent = "Sending…";
    try {
        const headers = { "X-CSRF-Token": form.elements.csrf.value };
        const request = () => fetch("/changes/one", { method: "POST", headers, redirect: "error" });
        const responses = await Promise.allSettled(Array.from({ length: 20 }, request));
        const succeeded = responses.filter(({ value }) => value?.ok).length;
        const section = await fetch("/changes", { redirect: "error" });
        if (section.ok) {
            show("changes", await section.text());
        }
        done.textContent = `${succeeded} of 20 requests succeeded.`;
    } catch {
        location.replace("/"); // signed out, or the server is gone
    } finally {
        sending = false;
    }
}

document.addEventListener("submit", (event) => {
    if (event.target.id === "send") {
        event.preventDefault();
        sendTwenty(event.target);
    }
});

if (document.body.dataset.live) {
    follow(document.body.dataset.live);
}
