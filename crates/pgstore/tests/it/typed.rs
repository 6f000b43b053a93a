//! A struct as the view of a session.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::header::{COOKIE, HeaderValue};
use http::{HeaderMap, StatusCode};
use pgstore::middleware::SessionFailure;
use pgstore::store::SpyStore;
use pgstore::testing::Page;
use pgstore::{
    ErrorClass, GoPeer, Session, SessionError, SessionLayer, SessionManager, SessionManagerBuilder,
    Store, StoreErrorKind, Typed, ValueErrorKind, go,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Barrier;

use crate::support::app::{App, NOW, keys};
use crate::support::browser::{ask, next_request};
use crate::support::database::Database;
use crate::support::{apply, trial};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Visitor {
    user: Option<String>,
    #[serde(default)]
    visits: i64,
    #[serde(default)]
    pages: Vec<String>,
}

/// Sessions in a store that is watched, without a browser: requests are their headers.
type Fixture = App<SpyStore>;

fn fixture() -> Fixture {
    App::over(SpyStore::default())
}

fn fixture_beside(go_peer: GoPeer) -> Fixture {
    App::build(SpyStore::default(), keys(), |sessions| {
        sessions.go_peer(go_peer)
    })
}

impl Fixture {
    fn new_session(&self) -> Session {
        self.session(&HeaderMap::new())
    }

    async fn view<T>(&self, request: &HeaderMap) -> Typed<T>
    where
        T: Serialize + DeserializeOwned,
    {
        Typed::load(self.session(request)).await.unwrap()
    }

    /// A stored session of one visitor, with a value beside that the struct does not name.
    async fn visited(&self) -> HeaderMap {
        let session = self.new_session();
        session.insert("user", "ada").unwrap();
        session.insert("visits", go::Int(3)).unwrap();
        session.insert("theme", "dark").unwrap();
        let request = next_request(&self.save(&session).await);
        self.store.calls();
        request
    }
}

fn builder(store: impl Store) -> SessionManagerBuilder {
    SessionManager::builder(store, keys())
}

#[apply(trial)]
async fn fields_are_the_values_under_their_names() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let visitor = fixture.view::<Visitor>(&request).await;
    assert_eq!(fixture.store.calls(), ["load"]);
    assert_eq!((visitor.user.as_deref(), visitor.visits), (Some("ada"), 3));
    let wanted = Visitor {
        user: Some("ada".to_owned()),
        visits: 3,
        pages: Vec::new(),
    };
    assert_eq!(visitor.into_inner(), wanted);
}

#[apply(trial)]
async fn a_field_without_a_value_is_what_serde_says() {
    let fixture = fixture();
    let visitor = fixture.view::<Visitor>(&HeaderMap::new()).await;
    assert_eq!(*visitor, Visitor::default());

    #[derive(Serialize, Deserialize)]
    #[serde(default)]
    struct Settings {
        theme: String,
        size: u8,
    }
    impl Default for Settings {
        fn default() -> Self {
            let theme = "light".to_owned();
            Self { theme, size: 12 }
        }
    }
    let request = fixture.visited().await;
    let settings = fixture.view::<Settings>(&request).await;
    assert_eq!((settings.theme.as_str(), settings.size), ("dark", 12));
}

#[apply(trial)]
async fn a_field_that_needs_a_value_is_an_error_that_names_it() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Strict {
        user: String,
    }
    let fixture = fixture();
    let error = Typed::<Strict>::load(fixture.new_session()).await;
    let SessionError::Value(error) = error.unwrap_err() else {
        panic!("another error")
    };
    assert_eq!(
        (error.key(), error.class()),
        (Some("user"), ErrorClass::Client)
    );
    assert_eq!(*error.kind(), ValueErrorKind::Missing);
}

#[apply(trial)]
async fn a_value_of_another_type_is_an_error_that_names_it_and_shows_nothing() {
    let fixture = fixture();
    let session = fixture.new_session();
    session.insert("visits", "a secret").unwrap();
    let error = Typed::<Visitor>::load(session).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Client);
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("\"visits\"") && text.contains("string"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

#[apply(trial)]
async fn reading_is_as_generous_as_a_sessions() {
    #[derive(Serialize, Deserialize)]
    struct Generous {
        number: u8,
        bytes: String,
        time: go::Time,
        inner: BTreeMap<String, i64>,
    }
    #[derive(Serialize)]
    struct Inner {
        n: i64,
    }
    let fixture = fixture();
    let session = fixture.new_session();
    session.insert("number", go::Int(7)).unwrap();
    session.insert("bytes", b"text".to_vec()).unwrap();
    session.insert("time", "2023-11-14T22:13:20Z").unwrap();
    session.insert("inner", &Inner { n: 1 }).unwrap();
    let read = Typed::<Generous>::load(session).await.unwrap();
    assert_eq!((read.number, read.bytes.as_str()), (7, "text"));
    assert_eq!(read.time.unix_seconds(), NOW);
    assert_eq!(read.inner["n"], 1);
}

#[apply(trial)]
async fn only_fields_that_changed_are_recorded() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut visitor = fixture.view::<Visitor>(&request).await;
    let pages = visitor.update(|visitor| {
        visitor.pages.push("/".to_owned());
        visitor.pages.len()
    });
    assert_eq!(pages.unwrap(), 1, "the closure's value is returned");
    fixture.save(visitor.session()).await;
    assert_eq!(fixture.store.calls(), ["load", "update"]);
    let values = fixture.session(&request).values().await.unwrap();
    let keys = values.keys().flatten().map(|key| key.node().text());
    assert_eq!(
        keys.collect::<Vec<_>>(),
        ["user", "visits", "theme", "pages"]
    );
}

#[apply(trial)]
async fn an_update_that_changes_nothing_saves_nothing() {
    #[derive(Serialize, Deserialize)]
    #[serde(default)]
    struct Place {
        height: f64,
        widths: Vec<f64>,
    }
    impl Default for Place {
        fn default() -> Self {
            let widths = vec![f64::NAN, 1.0];
            Self {
                height: f64::NAN,
                widths,
            }
        }
    }
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut visitor = fixture.view::<Visitor>(&request).await;
    visitor.update(|visitor| visitor.visits += 0).unwrap();
    let mut place = Typed::<Place>::load(visitor.session().clone()).await;
    place.as_mut().unwrap().update(|_| {}).unwrap();
    fixture.save(visitor.session()).await;
    assert_eq!(fixture.store.calls(), ["load"], "a NaN is no change either");
    let change = |place: &mut Place| place.widths[0] = -0.0;
    place.as_mut().unwrap().update(change).unwrap();
    fixture.save(visitor.session()).await;
    assert_eq!(fixture.store.calls(), ["update"]);
    let session = fixture.session(&request);
    assert!(!session.contains("height").await.unwrap());
    assert!(session.contains("widths").await.unwrap());
}

#[apply(trial)]
async fn none_takes_the_value_away() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut visitor = fixture.view::<Visitor>(&request).await;
    let user = visitor.update(|visitor| visitor.user.take()).unwrap();
    assert_eq!(user.as_deref(), Some("ada"));
    fixture.save(visitor.session()).await;
    let session = fixture.session(&request);
    assert!(!session.contains("user").await.unwrap());
    assert!(session.contains("theme").await.unwrap());
}

#[apply(trial)]
async fn a_value_keeps_its_go_type() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut visitor = fixture.view::<Visitor>(&request).await;
    visitor.update(|visitor| visitor.visits += 1).unwrap();
    fixture.save(visitor.session()).await;
    let values = fixture.session(&request).values().await.unwrap();
    assert_eq!(values.value("visits").unwrap().go_type_name(), "int");
    assert_eq!(values.get::<i64>("visits").unwrap(), Some(4));
}

#[apply(trial)]
async fn different_fields_of_different_requests_merge() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut one = fixture.view::<Visitor>(&request).await;
    let mut two = fixture.view::<Visitor>(&request).await;
    let other = fixture.session(&request);
    one.update(|visitor| visitor.visits = 10).unwrap();
    two.update(|visitor| visitor.user = None).unwrap();
    other.insert("theme", "light").unwrap();
    fixture.save(one.session()).await;
    fixture.save(&other).await;
    fixture.save(two.session()).await;
    let visitor = fixture.view::<Visitor>(&request).await;
    assert_eq!((visitor.user.as_deref(), visitor.visits), (None, 10));
    let theme = visitor.session().get::<String>("theme").await.unwrap();
    assert_eq!(theme.as_deref(), Some("light"));
}

#[apply(trial)]
async fn different_fields_of_many_requests_merge_on_real_postgresql() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Letters {
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
    }
    let fields: [fn(&mut Letters); 5] = [
        |letters| letters.a = 1,
        |letters| letters.b = 2,
        |letters| letters.c = 3,
        |letters| letters.d = 4,
        |letters| letters.e = 5,
    ];
    let database = Database::fresh().await;
    let sessions = builder(database.store().await).build().unwrap();
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("user", "ada").unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    let request = next_request(&response);

    let barrier = Arc::new(Barrier::new(fields.len()));
    let requests = fields.map(|field| {
        let (sessions, barrier) = (sessions.clone(), Arc::clone(&barrier));
        let session = sessions.get(&request, "s").unwrap();
        tokio::spawn(async move {
            let mut letters = Typed::<Letters>::load(session).await.unwrap();
            letters.update(field).unwrap();
            barrier.wait().await;
            let mut response = HeaderMap::new();
            sessions.save(letters.session(), &mut response).await
        })
    });
    for request in requests {
        request.await.unwrap().unwrap();
    }
    let session = sessions.get(&request, "s").unwrap();
    let letters = Typed::<Letters>::load(session).await.unwrap();
    let [a, b, c, d, e] = [1, 2, 3, 4, 5];
    assert_eq!(*letters, Letters { a, b, c, d, e });
}

#[apply(trial)]
async fn names_and_omissions_are_serdes() {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Renamed {
        first_name: String,
        #[serde(rename = "last")]
        last_name: String,
        #[serde(skip)]
        password: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
    }
    let fixture = fixture();
    let mut renamed = fixture.view::<Renamed>(&HeaderMap::new()).await;
    let fill = |renamed: &mut Renamed| {
        let text = |renamed: &mut String| "x".clone_into(renamed);
        text(&mut renamed.first_name);
        text(&mut renamed.last_name);
        text(&mut renamed.password);
        renamed.tags.push("x".to_owned());
    };
    renamed.update(fill).unwrap();
    let values = renamed.session().values().await.unwrap();
    let keys = values.keys().flatten().map(|key| key.node().text());
    assert_eq!(keys.collect::<Vec<_>>(), ["FirstName", "last", "Tags"]);
    renamed.update(|renamed| renamed.tags.clear()).unwrap();
    let session = renamed.session();
    assert!(!session.contains("Tags").await.unwrap());
    let read = Typed::<Renamed>::load(session.clone()).await.unwrap();
    assert_eq!((read.last_name.as_str(), read.password.as_str()), ("x", ""));
}

#[apply(trial)]
async fn a_value_under_an_older_name_is_read_and_never_in_the_way() {
    #[derive(Serialize, Deserialize)]
    struct Account {
        #[serde(alias = "user")]
        account: String,
    }
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut account = fixture.view::<Account>(&request).await;
    assert_eq!(account.account, "ada");
    account.update(|account| account.account.push('!')).unwrap();
    fixture.save(account.session()).await;
    let account = fixture.view::<Account>(&request).await;
    assert_eq!(account.account, "ada!", "though \"user\" is there, too");
}

#[apply(trial)]
async fn what_is_no_struct_is_refused_in_words() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        visitor: Visitor,
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Newtype(Visitor);
    #[derive(Debug, Serialize, Deserialize)]
    struct Tuple(i64, i64);
    #[derive(Debug, Serialize, Deserialize)]
    struct Unit;
    #[derive(Debug, Serialize, Deserialize)]
    enum Choice {
        One { user: String },
    }
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(tag = "user")]
    enum Tagged {
        One { visits: u8 },
    }
    let fixture = fixture();
    let request = fixture.visited().await;
    let refusals = [
        refusal::<Flat>(&fixture, &request).await,
        refusal::<Newtype>(&fixture, &request).await,
        refusal::<Tuple>(&fixture, &request).await,
        refusal::<Unit>(&fixture, &request).await,
        refusal::<Choice>(&fixture, &request).await,
        refusal::<Tagged>(&fixture, &request).await,
        refusal::<HashMap<String, String>>(&fixture, &request).await,
        refusal::<Option<Visitor>>(&fixture, &request).await,
        refusal::<Vec<i64>>(&fixture, &request).await,
        refusal::<i64>(&fixture, &request).await,
    ];
    for error in refusals {
        assert_eq!(error.class(), ErrorClass::Usage);
        assert!(
            error.to_string().contains("struct with named fields"),
            "{error}"
        );
    }
}

async fn refusal<T>(fixture: &Fixture, request: &HeaderMap) -> SessionError
where
    T: std::fmt::Debug + Serialize + DeserializeOwned,
{
    Typed::<T>::load(fixture.session(request))
        .await
        .unwrap_err()
}

#[apply(trial)]
async fn a_field_that_go_cannot_hold_is_an_error_and_nothing_of_it_is_lost() {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Large {
        number: u128,
        name: String,
    }
    let fixture = fixture();
    let mut large = fixture.view::<Large>(&HeaderMap::new()).await;
    let error = large.update(|large| {
        large.name.push('x');
        large.number = u128::MAX;
    });
    let error = error.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Usage);
    assert!(error.to_string().contains("\"number\""), "{error}");
    assert!(large.session().values().await.unwrap().is_empty());

    large.update(|large| large.number = 1).unwrap();
    let values = large.session().values().await.unwrap();
    assert_eq!(values.get::<String>("name").unwrap().as_deref(), Some("x"));
    assert_eq!(values.get::<u8>("number").unwrap(), Some(1));
}

#[apply(trial)]
async fn fields_are_recorded_all_or_none() {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Seen {
        user: String,
        seen: Option<go::Time>,
    }
    let fixture = fixture_beside(GoPeer::registered(["main.User"]));
    let mut seen = fixture.view::<Seen>(&HeaderMap::new()).await;
    let error = seen.update(|seen| {
        seen.user.push('x');
        seen.seen = Some(go::Time::new(NOW, 0));
    });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("gob.Register(time.Time{})"), "{error}");
    assert!(seen.session().values().await.unwrap().is_empty());
    fixture.save(seen.session()).await;
    assert_eq!(fixture.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn a_map_with_other_keys_than_strings_is_refused() {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Counts {
        counts: BTreeMap<i64, i64>,
    }
    let mut fixture = fixture();
    let mut counts = fixture.view::<Counts>(&HeaderMap::new()).await;
    counts.update(|counts| counts.counts.insert(1, 2)).unwrap();
    let request = next_request(&fixture.save(counts.session()).await);
    assert_eq!(fixture.view::<Counts>(&request).await.counts[&1], 2);

    let registered = GoPeer::registered(["map[string]interface {}"]);
    let sessions = builder(fixture.store.clone()).go_peer(registered);
    fixture.sessions = sessions.build().unwrap();
    let mut counts = fixture.view::<Counts>(&HeaderMap::new()).await;
    let error = counts.update(|counts| counts.counts.insert(1, 1));
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("\"counts\"") && error.contains("string keys"),
        "{error}"
    );
}

#[apply(trial)]
async fn a_field_that_is_null_has_no_value() {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Preferences {
        theme: serde_json::Value,
    }
    let fixture = fixture();
    let mut view = fixture.view::<Preferences>(&HeaderMap::new()).await;
    view.update(|view| view.theme = serde_json::json!({"dark": null}))
        .unwrap();
    let request = next_request(&fixture.save(view.session()).await);

    let mut view = fixture.view::<Preferences>(&request).await;
    assert_eq!(view.theme, serde_json::json!({"dark": null}));
    view.update(|view| view.theme = serde_json::Value::Null)
        .unwrap();
    assert!(!view.session().contains("theme").await.unwrap());
}

#[apply(trial)]
async fn the_go_peer_decides_whether_a_session_takes_integer_keys_and_nulls() {
    let mut fixture = fixture();
    let numbers = HashMap::from([(7_u32, "seven".to_owned())]);
    let json = serde_json::json!({"a": null, "b": [null, 1]});
    let session = fixture.new_session();
    session.insert("numbers", &numbers).unwrap();
    session.insert("json", &json).unwrap();
    session.add_flash(&json).unwrap();
    let request = next_request(&fixture.save(&session).await);
    let session = fixture.session(&request);
    assert_eq!(session.get("numbers").await.unwrap(), Some(numbers.clone()));
    assert_eq!(session.get("json").await.unwrap(), Some(json.clone()));
    let flashes: Vec<serde_json::Value> = session.flashes().await.unwrap();
    assert_eq!(flashes, std::slice::from_ref(&json));

    let registered = GoPeer::registered(["map[string]interface {}"]);
    let sessions = builder(fixture.store.clone()).go_peer(registered);
    fixture.sessions = sessions.build().unwrap();
    let (read, unread) = (fixture.session(&request), fixture.session(&request));
    read.is_new().await.unwrap();
    for session in [read, unread] {
        for error in [
            session.insert("numbers", HashMap::from([(7, "seven")])),
            session.add_flash(HashMap::from([(true, 1)])),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Usage);
            assert!(error.to_string().contains("use string keys"), "{error}");
        }
        for error in [
            session.insert("json", &json),
            session.insert("new", &json),
            session.add_flash(&json),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Usage);
            assert!(error.to_string().contains("null in JSON"), "{error}");
        }
    }
}

#[apply(trial)]
async fn none_and_null_of_their_own_are_errors_that_name_remove() {
    let session = fixture().new_session();
    for error in [
        session.insert("user", None::<String>),
        session.insert("user", serde_json::Value::Null),
        session.insert("user", ()),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Usage);
        assert!(error.to_string().contains("call remove()"), "{error}");
    }
}

#[apply(trial)]
async fn what_the_view_changed_the_session_sees_at_once() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut visitor = fixture.view::<Visitor>(&request).await;
    visitor.update(|visitor| visitor.visits = 9).unwrap();
    let session = visitor.session();
    assert_eq!(session.get::<i64>("visits").await.unwrap(), Some(9));
    session.insert("visits", 11).unwrap();
    assert_eq!(visitor.visits, 9, "but not the other way round");
    visitor.update(|visitor| visitor.user = None).unwrap();
    let visits = visitor.session().get::<i64>("visits").await.unwrap();
    assert_eq!(visits, Some(11), "and leaves alone what it did not change");
}

#[apply(trial)]
async fn an_update_after_the_end_is_an_error() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let mut visitor = fixture.view::<Visitor>(&request).await;
    visitor.session().destroy().unwrap();
    let error = visitor.update(|visitor| visitor.visits += 1).unwrap_err();
    assert!(matches!(error, SessionError::Destroyed), "{error}");
}

#[apply(trial)]
async fn debug_shows_nothing_of_the_struct() {
    let fixture = fixture();
    let request = fixture.visited().await;
    let visitor = fixture.view::<Visitor>(&request).await;
    let shown = format!("{visitor:?}");
    assert!(
        shown.starts_with("Typed") && !shown.contains("ada"),
        "{shown}"
    );
}

#[apply(trial)]
async fn the_extractor_gives_the_view_or_says_why_not() {
    async fn count(mut visitor: Typed<Visitor>) -> Result<String, SessionError> {
        visitor.update(|visitor| visitor.visits += 1)?;
        Ok(visitor.visits.to_string())
    }
    let fixture = fixture();
    let bare = Router::new().route("/", get(count));
    let app = bare.clone();
    let app = app.layer(SessionLayer::new(&fixture.sessions, "s").unwrap());
    let request = fixture.visited().await;
    let cookie = &request[COOKIE];
    let damaged = fixture.new_session();
    damaged.insert("visits", "a secret").unwrap();
    let damaged = next_request(&fixture.save(&damaged).await);

    assert_eq!(send(&app, cookie).await.text(), "4");
    assert_eq!(send(&app, cookie).await.text(), "5");

    let response = send(&bare, cookie).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.text().contains("pgstore::SessionLayer"));

    let response = send(&app, &damaged[COOKIE]).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let cause = response.extensions().get::<SessionFailure>().unwrap();
    assert!(cause.to_string().contains("\"visits\""), "{}", **cause);
    assert!(!response.text().contains("visits"));

    fixture
        .store
        .inner()
        .fail_with(Some(StoreErrorKind::Unavailable));
    let response = send(&app, cookie).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

async fn send(app: &Router, cookie: &HeaderValue) -> Page {
    ask(app.clone(), "GET", "/", cookie.to_str().unwrap()).await
}
