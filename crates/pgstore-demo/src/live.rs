//! Server-sent events: an open page follows its session, and learns at once that it has ended.
//!
//! The session of the request cannot be read again once the response has begun, so that each look opens it
//! by its handle. That is no use of the session: an open page does not keep it alive.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{Stream, unfold};
use pgstore::{Session, SessionError, SessionHandle};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::changes::ChangesSection;
use crate::demo::{App, COOKIE_NAME};
use crate::devices::DevicesSection;
use crate::page::PageError;
use crate::site::Activity;
use crate::stored::StoredSection;

/// How often to look for what other nodes change. What this one changes is seen at once.
const INTERVAL: Duration = Duration::from_secs(1);

/// The events of the session's page: a section that has changed, by its name; `outage`; `ended`, which is also
/// what a page gets that connects again too late.
pub(crate) async fn events(
    State(app): State<App>,
    session: Session,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let handle = match session.owner().await? {
        Some(_) => Some(session.handle().await?),
        None => None,
    };
    let viewer = Viewer {
        handle,
        activity: app.activity.subscribe(),
        app,
        csrf: String::new(),
        shown: HashMap::new(),
        events: VecDeque::new(),
        has_ended: false,
    };
    let events = unfold(viewer, |mut viewer| async {
        let event = viewer.next().await?;
        Some((Ok(event), viewer))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// One open page.
struct Viewer {
    app: App,
    handle: Option<SessionHandle>,
    activity: watch::Receiver<Activity>,
    csrf: String,
    /// What the page shows, by event.
    shown: HashMap<&'static str, String>,
    events: VecDeque<Event>,
    has_ended: bool,
}

impl Viewer {
    /// The next event. `None` after the session has ended, and when the server stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.has_ended {
                return None;
            }
            self.look().await;
            if self.events.is_empty() {
                self.pause().await?;
            }
        }
    }

    /// Waits until a request of this node begins or ends, or for the interval. `None` when the server stops.
    async fn pause(&mut self) -> Option<()> {
        let done = self.activity.changed();
        tokio::select! {
            _ = self.app.stopping.wait_for(|is_stopping| *is_stopping) => None,
            _ = timeout(INTERVAL, done) => Some(()),
        }
    }

    async fn look(&mut self) {
        self.activity.mark_unchanged(); // What happens from here on is looked at again.
        match self.session().await {
            Ok(None) => {
                self.has_ended = true;
                self.events.push_back(ended());
            }
            Ok(Some(session)) => match self.show_sections(&session).await {
                Ok(()) => self.show("outage", "off".to_owned()),
                Err(_) => self.show("outage", "on".to_owned()),
            },
            Err(_) => self.show("outage", "on".to_owned()),
        }
    }

    /// The session, if it has not ended.
    async fn session(&self) -> Result<Option<Session>, SessionError> {
        match &self.handle {
            Some(handle) => self.app.sessions.by_handle(COOKIE_NAME, handle).await,
            None => Ok(None),
        }
    }

    async fn show_sections(&mut self, session: &Session) -> Result<(), PageError> {
        self.refresh_token(session).await?;
        let app = self.app.clone();
        let stored = StoredSection::of(&app, session).await?;
        let devices = DevicesSection::of(&app, session, self.csrf.clone()).await?;
        self.show_section("stored", &stored);
        self.show_section("devices", &devices);
        // While requests are under way, the two counts are of different moments.
        if self.activity.borrow().under_way == 0 {
            let changes = ChangesSection::of(&app, session, self.csrf.clone()).await?;
            self.show_section("changes", &changes);
        }
        Ok(())
    }

    /// Keeps the token while it is valid: each one has another text, and the page would change each time.
    async fn refresh_token(&mut self, session: &Session) -> Result<(), PageError> {
        if session.check_csrf(&self.csrf).await.is_err() {
            self.csrf = session.csrf_token().await?.to_string();
        }
        Ok(())
    }

    fn show_section(&mut self, name: &'static str, section: &impl Template) {
        if let Ok(html) = section.render() {
            self.show(name, html);
        }
    }

    fn show(&mut self, name: &'static str, text: String) {
        if self.shown.get(name) == Some(&text) {
            return;
        }
        self.events
            .push_back(Event::default().event(name).data(&text));
        self.shown.insert(name, text);
    }
}

/// With data, because browsers ignore events without.
fn ended() -> Event {
    Event::default()
        .event("ended")
        .data("The session has ended.")
}
