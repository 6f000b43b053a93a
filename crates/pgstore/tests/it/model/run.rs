//! Runs a program on the real thing and on the model, and compares them after every step.

use std::collections::HashSet;

use pgstore::{SessionError, SessionId};

use super::defects::Defect;
use super::program::{Action, COUNT, KEYS, Step};
use super::request::{Attached, Change, End, Loaded, Request};
use super::truth::{Content, May, Truth};
use super::world::{Told, World};

/// What is wrong, if anything is.
pub(super) type Checked<T = ()> = Result<T, String>;

/// How many requests are under way at most.
const MOST_REQUESTS: usize = 4;

/// The real thing beside the model.
pub(super) struct Run {
    world: World,
    truth: Truth,
    requests: Vec<Request>,
    /// The number that each session's row had at first.
    row_numbers: Vec<i64>,
    /// The logouts that wait on each node.
    waiting: Vec<HashSet<SessionId>>,
    pub(super) counts: Counts,
}

/// What programs have done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) programs: usize,
    pub(super) steps: usize,
    pub(super) requests: usize,
    pub(super) sessions: usize,
    pub(super) new_ids: usize,
    pub(super) moved_along: usize,
    pub(super) gone: usize,
    pub(super) logouts: usize,
    pub(super) failed_logouts: usize,
}

impl Run {
    pub(super) async fn new(defect: Option<Defect>) -> Self {
        let world = World::new(defect).await;
        Self {
            waiting: vec![HashSet::new(); world.nodes.len()],
            world,
            truth: Truth::default(),
            requests: Vec::new(),
            row_numbers: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Runs a program from nothing. The error says at which step what is wrong.
    pub(super) async fn program(&mut self, steps: &[Step]) -> Checked {
        self.requests.clear();
        for node in 0..self.world.nodes.len() {
            self.world.let_logouts_work(node).await;
            self.waiting[node].clear();
        }
        self.world.clear().await;
        self.truth = Truth::default();
        self.row_numbers.clear();
        self.world.set_time(0);
        self.counts.programs += 1;
        for (number, step) in steps.iter().enumerate() {
            self.counts.steps += 1;
            let done = self.step(*step).await;
            done.map_err(|what| format!("step {number}, {step:?}: {what}"))?;
        }
        self.finally()
            .await
            .map_err(|what| format!("at the end: {what}"))
    }

    async fn step(&mut self, step: Step) -> Checked {
        match step {
            Step::Begin { browser, node } => self.begin(browser, node),
            Step::Act { request, action } => {
                if let Some(at) = self.open(request) {
                    return self.act(at, action).await;
                }
            }
            Step::Finish { request, arrives } => {
                if let Some(at) = self.open(request) {
                    return self.finish(at, arrives).await;
                }
            }
            Step::Visit {
                browser,
                node,
                action,
                arrives,
            } => return self.visit(browser, node, action, arrives).await,
            Step::Duplicate { browser } => {
                let jar = &mut self.world.jars[browser];
                jar.duplicate = jar.earlier.first().cloned();
            }
            Step::Revoke { browser, node } => return self.revoke(browser, node).await,
            Step::Sweep { node } => {
                let removed = self.world.sweep(node).await;
                self.truth.sweep();
                return check(removed == 0, || {
                    format!("a sweep removed {removed} sessions")
                });
            }
            Step::Pass { seconds } => {
                self.truth.now += seconds;
                self.world.set_time(self.truth.now);
            }
            Step::Skew { node, seconds } => {
                self.world.skew(node, seconds);
                self.world.set_time(self.truth.now);
            }
            Step::Lose {
                node,
                method,
                on_its_way,
            } => {
                self.world.lose_nothing_more(node);
                self.world.lose(node, method, on_its_way);
            }
            Step::LogoutsFail { node } => self.world.let_logouts_fail(node),
            Step::LogoutsWork { node } => self.let_logouts_work(node).await,
        }
        Ok(())
    }

    /// The place of one of the requests that are under way.
    fn open(&self, request: usize) -> Option<usize> {
        request.checked_rem(self.requests.len())
    }

    fn begin(&mut self, browser: usize, node: usize) {
        if self.requests.len() == MOST_REQUESTS {
            return;
        }
        self.counts.requests += 1;
        let cookies = self.world.jars[browser].cookies();
        let session = self.world.session(node, &cookies);
        let mut ids = Vec::new();
        for id in cookies.iter().map(|cookie| self.world.id(cookie)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.requests
            .push(Request::new(browser, node, session, ids));
    }

    async fn visit(
        &mut self,
        browser: usize,
        node: usize,
        action: Action,
        arrives: bool,
    ) -> Checked {
        let before = self.requests.len();
        self.begin(browser, node);
        if self.requests.len() == before {
            return Ok(());
        }
        self.act(before, action).await?;
        if self.requests.len() == before {
            return Ok(()); // It failed, and is gone.
        }
        self.finish(before, arrives).await
    }

    /// What a request's cookies may lead to now.
    fn expected(&self, request: &Request) -> May {
        let found = request.ids.iter().map(|id| self.lookup(request.node, id));
        let found: Vec<_> = found.collect();
        match found.as_slice() {
            [] => May::ABSENT,
            [one] => *one,
            // Each is sure, or nothing is compared.
            several => {
                let live = several.iter().find(|found| found.session.is_some());
                let replaced = several.iter().find(|found| found.replaced);
                *live.or(replaced).unwrap_or(&May::ABSENT)
            }
        }
    }

    /// What an ID may lead to now on a node.
    fn lookup(&self, node: usize, id: &SessionId) -> May {
        match self.waiting[node].contains(id) {
            true => May::ABSENT,
            false => self.truth.lookup(id),
        }
    }

    /// Whether the model leaves open which session a request of several cookies gets.
    fn is_clear(&self, request: &Request) -> bool {
        let found: Vec<_> = request.ids.iter().map(|id| self.truth.lookup(id)).collect();
        let waits = !self.waiting[request.node].is_empty();
        request.ids.len() < 2 || !waits && found.iter().all(|found| found.is_sure())
    }

    /// Has the request read its session, and compares what it sees.
    async fn load(&mut self, at: usize) -> Checked {
        let request = &self.requests[at];
        if request.loaded.is_some() || request.end.is_some() {
            return self.compare_view(at).await;
        }
        let (expected, is_clear) = (self.expected(request), self.is_clear(request));
        let id = request.session.id().await.map_err(told_error)?;
        let loaded = match id {
            None => {
                let may_be_nothing = expected.replaced || expected.absent || !is_clear;
                check(may_be_nothing, || format!("sees nothing, not {expected:?}"))?;
                let nothing = match is_clear {
                    true => May {
                        session: None,
                        ..expected
                    },
                    false => May {
                        replaced: true,
                        ..May::ABSENT
                    },
                };
                Loaded::Nothing(nothing)
            }
            Some(id) => {
                let number = self.truth.session_of(&id).map(|(number, _)| number);
                let number = number.ok_or("sees a session that is none")?;
                let may_see = expected.session == Some(number) || !is_clear;
                check(may_see, || {
                    format!("sees session {number}, not {expected:?}")
                })?;
                let session = &self.truth.sessions[number];
                check(session.current == id, || "sees it under a dead ID".into())?;
                check(!session.has_ended, || {
                    "sees a session that has ended".into()
                })?;
                let was_moved = !request.ids.contains(&id);
                self.counts.moved_along += usize::from(was_moved);
                Loaded::Session(Attached {
                    number,
                    was_moved,
                    confirms: session.is_unconfirmed && !was_moved,
                    read: session.content.clone(),
                    id,
                })
            }
        };
        let request = &mut self.requests[at];
        if let Loaded::Session(attached) = &loaded {
            request.rotates &= !attached.was_moved;
        }
        request.loaded = Some(loaded);
        self.compare_view(at).await
    }

    async fn compare_view(&self, at: usize) -> Checked {
        let request = &self.requests[at];
        let seen = seen(&request.session).await?;
        let expected = request.view().values;
        check(seen == expected, || {
            format!("reads {seen:?}, not {expected:?}")
        })
    }

    async fn act(&mut self, at: usize, action: Action) -> Checked {
        if self.requests[at].end == Some(End::Destroyed) {
            return Ok(());
        }
        match action {
            Action::Read => return self.load(at).await,
            Action::TakeFlashes => return self.take_flashes(at).await,
            _ => {}
        }
        let request = &mut self.requests[at];
        let (session, browser) = (&request.session, request.browser);
        match action {
            Action::Insert(key, value) => {
                session.insert(KEYS[key], value).map_err(told_error)?;
                request.changes.push(Change::Insert(key, value));
            }
            Action::Remove(key) => {
                session.remove(KEYS[key]).map_err(told_error)?;
                request.changes.push(Change::Remove(key));
            }
            Action::Count => {
                let count = |n: Option<i64>| n.unwrap_or(0) + 1;
                session.update(COUNT, count).map_err(told_error)?;
                request.changes.push(Change::Count);
            }
            Action::AddFlash(flash) => {
                session.add_flash(flash).map_err(told_error)?;
                request.changes.push(Change::AddFlash(flash));
            }
            Action::LogIn(value) => {
                session.renew().map_err(told_error)?;
                session.set_owner(owner(browser)).map_err(told_error)?;
                session.insert(KEYS[0], value).map_err(told_error)?;
                request.changes.push(Change::Insert(0, value));
                request.owner = Some(browser);
                request.renews = true;
            }
            Action::Renew => {
                session.renew().map_err(told_error)?;
                request.renews = true;
            }
            Action::Rotate => {
                session.rotate_gently().map_err(told_error)?;
                let was_moved = request.attached().is_some_and(|session| session.was_moved);
                request.rotates |= !was_moved;
            }
            Action::Destroy => {
                session.destroy().map_err(told_error)?;
                request.begin_to_end(End::Destroyed);
            }
            Action::StartOver => {
                session.start_over().map_err(told_error)?;
                request.begin_to_end(End::StartedOver);
                (request.renews, request.rotates) = (false, false);
            }
            Action::Read | Action::TakeFlashes => {}
        }
        Ok(())
    }

    async fn take_flashes(&mut self, at: usize) -> Checked {
        self.load(at).await?;
        let request = &self.requests[at];
        if self.world.nodes[request.node].logouts_fail {
            return Ok(()); // Whether it still finds the session is open.
        }
        let stored = self.stored_flashes(request);
        let taken = match request.session.flashes::<i64>().await {
            Ok(taken) => taken,
            Err(error) if error.is_unavailable() => {
                self.requests.remove(at); // The statement was lost, and the handler gives up.
                return Ok(());
            }
            Err(error) => return Err(told_error(error)),
        };
        let unsaved = request.unsaved_flashes();
        let mut expected = match &stored {
            Stored::Kept => Vec::new(),
            Stored::Reached(stored) => stored.clone(),
            Stored::Gone => {
                return check(taken.is_empty(), || format!("takes {taken:?} of nothing"));
            }
            Stored::Open => {
                self.requests.remove(at); // What it has seen is open.
                return Ok(());
            }
        };
        expected.extend(unsaved);
        check(taken == expected, || {
            format!("takes {taken:?}, not {expected:?}")
        })?;
        let request = &mut self.requests[at];
        request.forget_flashes();
        if !matches!(stored, Stored::Kept) {
            self.reload(at);
        }
        Ok(())
    }

    /// The stored messages that a request gets.
    fn stored_flashes(&self, request: &Request) -> Stored {
        let Some(attached) = request.attached() else {
            return Stored::Kept;
        };
        let is_unchanged = request.changes.is_empty() && !request.took_its_own;
        if is_unchanged && attached.read.flashes.is_empty() {
            return Stored::Kept; // It asks nothing more than what it has read.
        }
        let found = self.truth.lookup(&attached.id);
        let stored = self.truth.sessions[attached.number].content.flashes.clone();
        match found.session {
            Some(_) if found.is_sure() => Stored::Reached(stored),
            Some(_) => Stored::Open,
            None => Stored::Gone,
        }
    }

    /// A request has taken all messages and has seen the session as it is now.
    fn reload(&mut self, at: usize) {
        let Some(Loaded::Session(attached)) = &mut self.requests[at].loaded else {
            return;
        };
        let session = &mut self.truth.sessions[attached.number];
        session.content.flashes.clear();
        attached.read = session.content.clone();
        attached.was_moved |= attached.id != session.current;
        attached.id = session.current.clone();
        attached.confirms &= !attached.was_moved;
        let was_moved = attached.was_moved;
        self.requests[at].rotates &= !was_moved;
    }

    /// Saves a request, compares the outcome, and gives the browser the response if it arrives.
    async fn finish(&mut self, at: usize, arrives: bool) -> Checked {
        let request = &self.requests[at];
        let must_load = request.end.is_none() && request.has_changes() && request.loaded.is_none();
        if must_load && !(self.is_clear(request) && self.expected(request).is_sure()) {
            self.load(at).await?;
        }
        let request = self.requests.remove(at);
        let read = request.attached().map(|attached| attached.id.clone());
        let (told, saved) = self
            .world
            .save(request.node, &request.session, read.as_ref())
            .await;
        match request.end {
            Some(end) => self.ended(&request, end, &told, saved).await?,
            None => self.saved(&request, &told, saved).await?,
        }
        self.check_cookie(&request, &told)?;
        if arrives {
            self.world.jars[request.browser].follow(&told);
        }
        Ok(())
    }

    /// A cookie leads to a session that lives, and only an end removes one.
    fn check_cookie(&self, request: &Request, told: &Told) -> Checked {
        match told {
            Told::Nothing => Ok(()),
            Told::Removed => check(request.end.is_some(), || "removes the cookie".into()),
            Told::Set(cookie) => {
                let id = self.world.id(cookie);
                let found = self.truth.lookup(&id);
                check(
                    self.truth.is_current(&id) && found.session.is_some(),
                    || format!("sets a cookie with a dead ID: {found:?}"),
                )
            }
        }
    }

    /// The outcome of a request that has ended its session.
    async fn ended(
        &mut self,
        request: &Request,
        end: End,
        told: &Told,
        saved: Result<(), SessionError>,
    ) -> Checked {
        let mut ids = request.ids.clone();
        if let Some(Loaded::Session(attached)) = &request.loaded {
            ids.push(attached.id.clone());
        }
        if self.world.nodes[request.node].logouts_fail && !ids.is_empty() {
            let failed = saved.is_err_and(|error| error.is_unavailable());
            check(failed, || "a logout that was not done succeeds".into())?;
            check(*told == Told::Removed, || "the browser keeps it".into())?;
            self.counts.failed_logouts += 1;
            self.waiting[request.node].extend(ids);
            return Ok(());
        }
        saved.map_err(|error| format!("ending it fails: {error}"))?;
        self.counts.logouts += 1;
        self.end_all(&ids).await?;
        let content = request.applied_to(Content::default());
        let continues = content != Content::default() || request.owner.is_some();
        if end == End::StartedOver && continues {
            return self.begun(request, content, told).await;
        }
        check(*told == Told::Removed, || {
            "the browser keeps the cookie".into()
        })
    }

    /// The sessions of these IDs have ended.
    async fn end_all(&mut self, ids: &[SessionId]) -> Checked {
        for id in ids {
            if let Some((number, may_be_forgotten)) = self.truth.session_of(id) {
                let session = &self.truth.sessions[number];
                if may_be_forgotten && self.world.has_row(&session.current).await {
                    continue;
                }
                self.truth.end(number);
            }
        }
        Ok(())
    }

    /// A request has begun a session.
    async fn begun(&mut self, request: &Request, content: Content, told: &Told) -> Checked {
        let id = request.session.id().await.map_err(told_error)?;
        let id = id.ok_or("begins no session")?;
        let is_new = self.truth.session_of(&id).is_none();
        check(is_new, || "a new session has an old ID".into())?;
        check(matches!(told, Told::Set(_)), || {
            "no cookie tells the new session".into()
        })?;
        self.row_numbers.push(self.world.row_number(&id).await?);
        self.counts.sessions += 1;
        self.truth.begin(id, content, request.owner);
        Ok(())
    }

    /// The outcome of a request that has not ended its session.
    async fn saved(
        &mut self,
        request: &Request,
        told: &Told,
        saved: Result<(), SessionError>,
    ) -> Checked {
        let found = match &request.loaded {
            Some(Loaded::Session(attached)) => self.lookup(request.node, &attached.id),
            Some(Loaded::Nothing(nothing)) => *nothing,
            None => self.expected(request),
        };
        let is_open = !self.waiting[request.node].is_empty();
        let was_read = matches!(request.loaded, Some(Loaded::Session(_)));
        if !request.has_changes() {
            saved.map_err(|error| format!("a request that reads fails: {error}"))?;
            if request.loaded.is_some() {
                self.confirm(request);
            }
            return Ok(());
        }
        self.confirm(request);
        match saved {
            Err(SessionError::Gone) => {
                self.counts.gone += 1;
                let may_be_gone = found.replaced || is_open || was_read && found.absent;
                check(may_be_gone, || format!("is gone, not {found:?}"))?;
                check(*told == Told::Nothing, || {
                    "a late write sets a cookie".into()
                })
            }
            // A statement that missed because another request was first, and whose answer was lost.
            Err(error) if error.is_unavailable() && self.world.nodes[request.node].loses => Ok(()),
            Err(error) => Err(format!("saving fails: {error}")),
            Ok(()) => self.written(request, found, was_read, told).await,
        }
    }

    /// A request with changes was saved.
    async fn written(
        &mut self,
        request: &Request,
        found: May,
        was_read: bool,
        told: &Told,
    ) -> Checked {
        let id = request.session.id().await.map_err(told_error)?;
        let attached = match &request.loaded {
            Some(Loaded::Session(attached)) => Some(attached.number),
            Some(Loaded::Nothing(_)) => None,
            None => found.session,
        };
        let Some(number) = attached else {
            check(found.absent, || format!("is saved, not {found:?}"))?;
            let content = request.applied_to(Content::default());
            let is_stored = content != Content::default() || request.owner.is_some();
            return match is_stored {
                true => self.begun(request, content, told).await,
                false => check(id.is_none(), || "an empty session is stored".into()),
            };
        };
        check(!self.truth.sessions[number].has_ended, || {
            "a session is saved that has ended".into()
        })?;
        check(!was_read || found.session.is_some(), || {
            "a late write succeeds".into()
        })?;
        let id = id.ok_or("a session that is saved has no ID")?;
        let content = self.truth.sessions[number].content.clone();
        let session = &mut self.truth.sessions[number];
        session.content = request.applied_to(content);
        session.owner = request.owner.or(session.owner);
        let before = self.truth.sessions[number].current.clone();
        let loses = self.world.nodes[request.node].loses; // Then a touch may give no cookie.
        let must_tell = id != before || !request.ids.contains(&id) && !loses;
        check(!must_tell || matches!(told, Told::Set(_)), || {
            "no cookie tells the session's ID".into()
        })?;
        self.changed_id(request, number, id)
    }

    /// Whether the session has the ID that it must have after a save.
    fn changed_id(&mut self, request: &Request, number: usize, id: SessionId) -> Checked {
        let before = self.truth.sessions[number].current.clone();
        let was_brought = match &request.loaded {
            Some(Loaded::Session(attached)) => !attached.was_moved && attached.id == before,
            _ => request.ids.contains(&before),
        };
        let changes = request.renews || request.rotates && was_brought;
        check(changes == (id != before), || {
            format!("the ID changes: {}, not {changes}", id != before)
        })?;
        if changes {
            self.counts.new_ids += 1;
            match request.renews {
                true => self.truth.renew(number, id),
                false => self.truth.rotate(number, id),
            }
        }
        Ok(())
    }

    /// If the request is the first to bring the session's ID, the grace time of the earlier ones begins.
    fn confirm(&mut self, request: &Request) {
        let number = match &request.loaded {
            Some(Loaded::Session(attached)) => {
                let is_current = self.truth.is_current(&attached.id);
                (attached.confirms && is_current).then_some(attached.number)
            }
            Some(Loaded::Nothing(_)) => None,
            None => {
                let session = self.expected(request).session;
                let brings =
                    |number: &usize| request.ids.contains(&self.truth.sessions[*number].current);
                session.filter(brings)
            }
        };
        let is_open = |number: &usize| {
            let session = &self.truth.sessions[*number];
            session.is_unconfirmed && !session.has_ended
        };
        if let Some(number) = number.filter(is_open).filter(|_| !request.renews) {
            self.truth.confirm(number);
        }
    }

    async fn revoke(&mut self, browser: usize, node: usize) -> Checked {
        let sessions = &self.world.nodes[node].sessions;
        let revoked = sessions.revoke_all(&owner(browser)).await;
        revoked.map_err(told_error)?;
        self.truth.revoke(browser);
        Ok(())
    }

    async fn let_logouts_work(&mut self, node: usize) {
        self.world.let_logouts_work(node).await;
        let ids: Vec<_> = self.waiting[node].drain().collect();
        // Those that were done meanwhile by another node are done all the same.
        let _ = self.end_all(&ids).await;
    }

    /// Every ID that was ever given leads where it must, and the table has the rows that it must.
    async fn finally(&mut self) -> Checked {
        self.requests.clear();
        for node in 0..self.world.nodes.len() {
            self.world.lose_nothing_more(node);
            self.let_logouts_work(node).await;
        }
        for (number, id) in self.truth.ids().into_iter().enumerate() {
            let Some(cookie) = self.world.cookie_of(&id) else {
                continue; // No response told it.
            };
            let node = number % self.world.nodes.len();
            let session = self.world.session(node, &[cookie]);
            self.requests.push(Request::new(0, node, session, vec![id]));
            self.load(0).await?;
            self.requests.clear();
        }
        let rows = self.world.rows().await;
        let living = self.truth.living();
        check(rows.len() == living, || {
            format!("{} rows, not {living}", rows.len())
        })?;
        for (session, number) in self.truth.sessions.iter().zip(&self.row_numbers) {
            if !session.has_ended {
                let key = session.current.as_bytes().to_vec();
                check(rows.contains(&(key, *number)), || {
                    "a session has another row than at first".into()
                })?;
            }
        }
        Ok(())
    }
}

/// The stored messages that a request gets.
enum Stored {
    /// None, and it does not ask.
    Kept,
    /// These: it reads the session again.
    Reached(Vec<i64>),
    /// None: its ID leads to no session any more, and its own messages stay unread.
    Gone,
    /// It depends on the clocks whether it still finds the session.
    Open,
}

/// What a session holds but for its messages.
async fn seen(
    session: &pgstore::Session,
) -> Checked<std::collections::BTreeMap<&'static str, i64>> {
    let mut seen = std::collections::BTreeMap::new();
    for key in KEYS.into_iter().chain([COUNT]) {
        if let Some(value) = session.get::<i64>(key).await.map_err(told_error)? {
            seen.insert(key, value);
        }
    }
    Ok(seen)
}

pub(super) fn owner(browser: usize) -> String {
    format!("user {browser}")
}

pub(super) fn check(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

fn told_error(error: SessionError) -> String {
    format!("it fails: {error}")
}
