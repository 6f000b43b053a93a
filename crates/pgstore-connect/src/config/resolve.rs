//! What was given and what the environment adds, judged: from here on everything is typed.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::ChannelBinding;
use zeroize::Zeroizing;

use super::super::connect_error::ConnectError;
use super::environment::Environment;
use super::given::Given;
use super::host::{self, Host};
use super::option::{IGNORED_VARIABLES, Opt};
use super::passfile::{self, Wanted};
use super::target::Target;
use super::tls::{Mode, Roots, TlsSettings};

/// Where, as whom and how to connect.
pub(in super::super) struct Settings {
    pub(in super::super) hosts: Vec<Host>,
    pub(in super::super) target: Target,
    pub(in super::super) shuffle: bool,
    pub(in super::super) tls: TlsSettings,
    pub(in super::super) timeout: Timeout,
    /// All that is the same for every host.
    common: Config,
    user: Option<String>,
    database: String,
    password: Option<Zeroizing<String>>,
    passfile: Option<PathBuf>,
}

/// `connect_timeout`, by where it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Timeout {
    given: Option<Duration>,
    environment: Option<Duration>,
}

impl Timeout {
    /// The connection string's, the program's, the environment's, 5 seconds: whichever there is.
    pub(in super::super) fn or(self, program: Option<Duration>) -> Duration {
        const DEFAULT: Duration = Duration::from_secs(5);
        let first = self.given.or(program).or(self.environment);
        first.unwrap_or(DEFAULT)
    }
}

impl Settings {
    /// Reads a connection string and completes it from the environment.
    pub(in super::super) fn read(
        text: &str,
        environment: &Environment,
    ) -> Result<Self, ConnectError> {
        let values = Values {
            given: Given::read(text)?,
            environment,
        };
        warn_of_ignored(environment);
        values.client_encoding()?;
        values.gssencmode()?;
        let user = values.text(Opt::User).or_else(|| environment.user());
        let database = values.text(Opt::DbName).or_else(|| user.clone());
        Ok(Self {
            hosts: values.hosts()?,
            target: values.target()?,
            shuffle: values.one_of(
                Opt::LoadBalanceHosts,
                &[("disable", false), ("random", true)],
                "`disable` or `random`",
            )?,
            tls: values.tls()?,
            timeout: values.timeout()?,
            common: values.common()?,
            user,
            database: database.unwrap_or_default(),
            password: values.text(Opt::Password).map(Zeroizing::new),
            passfile: values
                .text(Opt::PassFile)
                .map(PathBuf::from)
                .or_else(|| environment.home_file(".pgpass")),
        })
    }

    /// The driver's settings for one of the hosts, but for its address.
    pub(in super::super) fn config_for(&self, host: &Host) -> Config {
        let mut config = self.common.clone();
        config.port(host.port).dbname(&self.database);
        if let Some(user) = &self.user {
            config.user(user);
        }
        if let Some(password) = self.password_for(host) {
            config.password(password.as_bytes());
        }
        config
    }

    /// Says what the default does not do, where the way to the server leaves this machine.
    pub(in super::super) fn warn_if_unverified(&self) {
        let is_lax = matches!(self.tls.mode, Mode::Allow | Mode::Prefer);
        if let Some(host) = self.hosts.iter().find(|host| is_lax && !host.is_local()) {
            tracing::warn!(
                %host,
                "with `sslmode` allow or prefer nobody checks that this is the right server; \
                 use verify-full unless the network is your own"
            );
        }
    }

    fn password_for(&self, host: &Host) -> Option<Zeroizing<String>> {
        let from_file = || {
            let wanted = Wanted {
                host: &host.passfile_name(),
                port: host.port,
                database: &self.database,
                user: self.user.as_deref().unwrap_or_default(),
            };
            passfile::look_up(self.passfile.as_deref()?, &wanted)
        };
        self.password.clone().or_else(from_file)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("hosts", &self.hosts)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("target", &self.target)
            .field("tls", &self.tls)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The options' values, the string's before the environment's.
struct Values<'a> {
    given: Given,
    environment: &'a Environment,
}

impl Values<'_> {
    /// The value, and the name of where it stands, for errors.
    fn find(&self, option: Opt) -> Option<(String, &'static str)> {
        if let Some(value) = self.given.value(option) {
            return Some((value.to_owned(), option.name()));
        }
        let variable = option.variable()?;
        Some((self.environment.variable(variable)?, variable))
    }

    /// The value of an option for which empty means not given.
    fn text(&self, option: Opt) -> Option<String> {
        let (value, _) = self.find(option)?;
        Some(value).filter(|value| !value.is_empty())
    }

    /// One of several words; the first is the default.
    fn one_of<T: Copy>(
        &self,
        option: Opt,
        words: &[(&str, T)],
        expected: &'static str,
    ) -> Result<T, ConnectError> {
        let (value, name) = match self.find(option) {
            Some(found) => found,
            None => (words[0].0.to_owned(), option.name()),
        };
        let word = words.iter().find(|(word, _)| *word == value);
        word.map(|(_, meaning)| *meaning)
            .ok_or_else(|| ConnectError::bad_value(name, expected))
    }

    fn number(&self, option: Opt) -> Result<Option<u32>, ConnectError> {
        let Some((value, name)) = self.find(option) else {
            return Ok(None);
        };
        // As libpq: spaces around a number are no harm, negative is as 0.
        match value.trim().parse::<i32>() {
            Ok(number) => Ok(Some(u32::try_from(number).unwrap_or(0))),
            Err(_) => Err(ConnectError::bad_value(name, "a whole number")),
        }
    }

    fn hosts(&self) -> Result<Vec<Host>, ConnectError> {
        let list = |option| self.text(option).unwrap_or_default();
        let name_of = |option: Opt| self.find(option).map_or(option.name(), |(_, name)| name);
        host::list(
            (&list(Opt::Host), name_of(Opt::Host)),
            (&list(Opt::HostAddr), name_of(Opt::HostAddr)),
            (&list(Opt::Port), name_of(Opt::Port)),
        )
    }

    fn target(&self) -> Result<Target, ConnectError> {
        self.one_of(
            Opt::TargetSessionAttrs,
            &[
                ("any", Target::Any),
                ("read-write", Target::ReadWrite),
                ("read-only", Target::ReadOnly),
                ("primary", Target::Primary),
                ("standby", Target::Standby),
                ("prefer-standby", Target::PreferStandby),
            ],
            "`any`, `read-write`, `read-only`, `primary`, `standby` or `prefer-standby`",
        )
    }

    fn tls(&self) -> Result<TlsSettings, ConnectError> {
        let roots = match self.text(Opt::SslRootCert) {
            Some(word) if word == "system" => Roots::System,
            Some(path) => Roots::File(path.into()),
            None => Roots::Default(self.environment.home_file(".postgresql/root.crt")),
        };
        let mode = self.mode(&roots)?;
        let home = |name| self.environment.home_file(name);
        Ok(TlsSettings {
            mode,
            roots,
            certificate: self.text(Opt::SslCert).map(PathBuf::from),
            key: self.text(Opt::SslKey).map(PathBuf::from),
            default_certificate: home(".postgresql/postgresql.crt"),
            default_key: home(".postgresql/postgresql.key"),
            sni: self.one_of(Opt::SslSni, &[("1", true), ("0", false)], "`1` or `0`")?,
        })
    }

    fn mode(&self, roots: &Roots) -> Result<Mode, ConnectError> {
        let is_system = matches!(roots, Roots::System);
        if is_system && self.find(Opt::SslMode).is_none() {
            return Ok(Mode::VerifyFull);
        }
        let mode = self.one_of(
            Opt::SslMode,
            &[
                ("prefer", Mode::Prefer),
                ("disable", Mode::Disable),
                ("allow", Mode::Allow),
                ("require", Mode::Require),
                ("verify-ca", Mode::VerifyCa),
                ("verify-full", Mode::VerifyFull),
            ],
            "`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`",
        )?;
        // Anybody can have a certificate of a public authority: only the name tells who it is.
        if is_system && mode != Mode::VerifyFull {
            return Err(ConnectError::bad_value(
                Opt::SslMode.name(),
                "`verify-full` where `sslrootcert` is `system`",
            ));
        }
        mode.refuse_if_not_built_in()?;
        Ok(mode)
    }

    fn timeout(&self) -> Result<Timeout, ConnectError> {
        let seconds = self
            .number(Opt::ConnectTimeout)?
            .filter(|&seconds| seconds > 0);
        let timeout = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(match self.given.value(Opt::ConnectTimeout) {
            Some(_) => Timeout {
                given: timeout,
                environment: None,
            },
            None => Timeout {
                given: None,
                environment: timeout,
            },
        })
    }

    fn common(&self) -> Result<Config, ConnectError> {
        let mut config = Config::new();
        let name = self
            .text(Opt::ApplicationName)
            .or_else(|| self.text(Opt::FallbackApplicationName));
        config.application_name(name.as_deref().unwrap_or("pgstore"));
        if let Some(options) = self.text(Opt::Options) {
            config.options(options);
        }
        config.channel_binding(self.one_of(
            Opt::ChannelBinding,
            &[
                ("prefer", ChannelBinding::Prefer),
                ("disable", ChannelBinding::Disable),
                ("require", ChannelBinding::Require),
            ],
            "`disable`, `prefer` or `require`",
        )?);
        self.keep_alive(&mut config)?;
        Ok(config)
    }

    /// 0 leaves each of these to the operating system.
    fn keep_alive(&self, config: &mut Config) -> Result<(), ConnectError> {
        let positive = |option| Ok(self.number(option)?.filter(|&number| number > 0));
        let seconds = |number: u32| Duration::from_secs(number.into());
        if let Some(on) = self.number(Opt::Keepalives)? {
            config.keepalives(on != 0);
        }
        if let Some(idle) = positive(Opt::KeepalivesIdle)? {
            config.keepalives_idle(seconds(idle));
        }
        if let Some(interval) = positive(Opt::KeepalivesInterval)? {
            config.keepalives_interval(seconds(interval));
        }
        if let Some(count) = positive(Opt::KeepalivesCount)? {
            config.keepalives_retries(count);
        }
        if let Some(timeout) = positive(Opt::TcpUserTimeout)? {
            config.tcp_user_timeout(Duration::from_millis(timeout.into()));
        }
        Ok(())
    }

    /// The driver speaks UTF-8 only.
    fn client_encoding(&self) -> Result<(), ConnectError> {
        let is_utf8 =
            |name: &str| ["utf8", "utf-8", "unicode"].contains(&name.to_ascii_lowercase().as_str());
        match self.given.value(Opt::ClientEncoding) {
            Some(name) if !is_utf8(name) => Err(ConnectError::bad_value(
                Opt::ClientEncoding.name(),
                "`UTF8`",
            )),
            _ => Ok(()),
        }
    }

    /// Nothing here encrypts with GSSAPI, which is what `prefer` allows.
    fn gssencmode(&self) -> Result<(), ConnectError> {
        let words = [("disable", ()), ("prefer", ())];
        self.one_of(Opt::GssEncMode, &words, "`disable` or `prefer`")
    }
}

fn warn_of_ignored(environment: &Environment) {
    for variable in IGNORED_VARIABLES {
        if environment.variable(variable).is_some() {
            tracing::warn!(
                variable,
                "this variable is set, and the session store ignores it"
            );
        }
    }
}
