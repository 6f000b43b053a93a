//! The options' values: from the connection string, else from the environment, checked and typed.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;
use zeroize::Zeroizing;

use super::{Config, ConfigBuilder};
use crate::environment::Environment;
use crate::host::{self, List};
use crate::option::{IGNORED_VARIABLES, Opt};
use crate::parameters;
use crate::raw_options::RawOptions;
use crate::tls::{Roots, TlsConfig};
use crate::{ConfigError, Host, SslMode, TargetSessionAttrs};

// A peer that has gone silent is noticed within about 20 seconds on an idle connection, and within
// 5 seconds where an answer is awaited. A NAT or a firewall sees a packet every 10 seconds, and does
// not forget the connection.
const KEEPALIVES_IDLE: u32 = 10;
const KEEPALIVES_INTERVAL: u32 = 3;
const KEEPALIVES_COUNT: u32 = 3;
const TCP_USER_TIMEOUT: u32 = 5_000;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer ones are mistakes, such as [`Duration::MAX`], with which no deadline can be computed.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

impl ConfigBuilder {
    /// Reads a URL or keywords, and completes them from the environment and these defaults.
    ///
    /// ```
    /// use pgstore_connect::{Config, ConfigError};
    ///
    /// let error = Config::builder().parse("host=localhost port=none").unwrap_err();
    /// assert!(matches!(error, ConfigError::InvalidValue { name: "port", .. }));
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When the text or a variable cannot be read; see [`ConfigError`].
    pub fn parse(&self, text: &str) -> Result<Config, ConfigError> {
        let environment = &self.environment;
        let values = Values {
            options: RawOptions::read(text)?,
            environment,
        };
        warn_of_ignored(environment);
        values.client_encoding()?;
        values.gssencmode()?;
        let user = values.text(Opt::User).or_else(|| environment.user());
        let database = values.text(Opt::DbName).or_else(|| user.clone());
        let passfile = values.text(Opt::PassFile).map(PathBuf::from);
        let hosts = values.hosts()?;
        let fallback = match hosts.len() {
            1 => TargetSessionAttrs::Any,
            _ => self.target,
        };
        Ok(Config {
            hosts,
            target: values.target(fallback)?,
            shuffles: values.shuffles()?,
            tls: values.tls()?,
            timeout: values.timeout(self.connect_timeout)?,
            common: values.common(self.application_name.as_deref())?,
            user,
            database: database.unwrap_or_default(),
            password: values.text(Opt::Password).map(Zeroizing::new),
            passfile: passfile.or_else(|| environment.home_file(".pgpass")),
        })
    }
}

/// The options of the connection string, and the environment that completes them.
struct Values<'a> {
    options: RawOptions,
    environment: &'a Environment,
}

impl Values<'_> {
    /// The value, and the name of the option or variable that has it.
    fn find(&self, option: Opt) -> Option<(String, &'static str)> {
        if let Some(value) = self.options.value(option) {
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

    /// One of several words, each with its meaning.
    fn one_of<T: Copy>(
        &self,
        option: Opt,
        words: &[(&str, T)],
        default: T,
        expected: &'static str,
    ) -> Result<T, ConfigError> {
        let Some((value, name)) = self.find(option) else {
            return Ok(default);
        };
        let word = words.iter().find(|(word, _)| *word == value);
        word.map(|(_, meaning)| *meaning)
            .ok_or_else(|| ConfigError::invalid_value(name, expected))
    }

    /// As in libpq: spaces around a number are allowed, and negative is the same as 0.
    fn number(&self, option: Opt) -> Result<Option<u32>, ConfigError> {
        let Some((value, name)) = self.find(option) else {
            return Ok(None);
        };
        match value.trim().parse::<i32>() {
            Ok(number) => Ok(Some(u32::try_from(number).unwrap_or(0))),
            Err(_) => Err(ConfigError::invalid_value(name, "a whole number")),
        }
    }

    /// The same for an option of which 0 means not given.
    fn positive(&self, option: Opt) -> Result<Option<u32>, ConfigError> {
        Ok(self.number(option)?.filter(|&number| number > 0))
    }

    fn hosts(&self) -> Result<Vec<Host>, ConfigError> {
        let texts = [Opt::Host, Opt::HostAddr, Opt::Port].map(|option| {
            let found = self.find(option);
            found.unwrap_or_else(|| (String::new(), option.name()))
        });
        let [hosts, addresses, ports] = texts.each_ref().map(|(text, name)| List { text, name });
        host::pair(&hosts, &addresses, &ports)
    }

    fn target(&self, fallback: TargetSessionAttrs) -> Result<TargetSessionAttrs, ConfigError> {
        let words = TargetSessionAttrs::ALL.map(|target| (target.name(), target));
        let expected = "`any`, `read-write`, `read-only`, `primary`, `standby` or `prefer-standby`";
        self.one_of(Opt::TargetSessionAttrs, &words, fallback, expected)
    }

    fn shuffles(&self) -> Result<bool, ConfigError> {
        let words = [("disable", false), ("random", true)];
        self.one_of(
            Opt::LoadBalanceHosts,
            &words,
            false,
            "`disable` or `random`",
        )
    }

    fn tls(&self) -> Result<TlsConfig, ConfigError> {
        let roots = match self.text(Opt::SslRootCert) {
            Some(word) if word == "system" => Roots::System,
            Some(path) => Roots::File(path.into()),
            None => Roots::Default(self.environment.home_file(".postgresql/root.crt")),
        };
        let mode = self.mode(&roots)?;
        let home = |name| self.environment.home_file(name);
        Ok(TlsConfig {
            is_direct: self.is_direct(mode)?,
            mode,
            roots,
            certificate: self.text(Opt::SslCert).map(PathBuf::from),
            key: self.text(Opt::SslKey).map(PathBuf::from),
            default_certificate: home(".postgresql/postgresql.crt"),
            default_key: home(".postgresql/postgresql.key"),
            sni: self.one_of(
                Opt::SslSni,
                &[("1", true), ("0", false)],
                true,
                "`1` or `0`",
            )?,
        })
    }

    /// As in libpq, a mode that permits plain text cannot begin with TLS.
    fn is_direct(&self, mode: SslMode) -> Result<bool, ConfigError> {
        let words = [("postgres", false), ("direct", true)];
        let expected = "`postgres` or `direct`";
        let is_direct = self.one_of(Opt::SslNegotiation, &words, false, expected)?;
        if is_direct && !mode.demands_tls() {
            let expected =
                "`require`, `verify-ca` or `verify-full` where `sslnegotiation` is `direct`";
            return Err(ConfigError::invalid_value(Opt::SslMode.name(), expected));
        }
        Ok(is_direct)
    }

    fn mode(&self, roots: &Roots) -> Result<SslMode, ConfigError> {
        let is_system = matches!(roots, Roots::System);
        if is_system && self.find(Opt::SslMode).is_none() {
            return Ok(SslMode::VerifyFull);
        }
        let words = SslMode::ALL.map(|mode| (mode.name(), mode));
        let expected = "`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`";
        let mode = self.one_of(Opt::SslMode, &words, Default::default(), expected)?;
        // Anyone can get a certificate from a public authority: only the name tells servers apart.
        if is_system && mode != SslMode::VerifyFull {
            let expected = "`verify-full` where `sslrootcert` is `system`";
            return Err(ConfigError::invalid_value(Opt::SslMode.name(), expected));
        }
        check_build(mode)?;
        Ok(mode)
    }

    /// That of the connection string, else the program's, else the environment's.
    fn timeout(&self, program: Option<Duration>) -> Result<Duration, ConfigError> {
        let seconds = self.positive(Opt::ConnectTimeout)?;
        let found = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let is_in_string = self.options.value(Opt::ConnectTimeout).is_some();
        let chosen = match is_in_string {
            true => found.or(program),
            false => program.or(found),
        };
        let chosen = chosen.unwrap_or(DEFAULT_TIMEOUT);
        if chosen > LONGEST_TIMEOUT {
            let expected = "at most 100 years";
            return Err(ConfigError::invalid_value(
                Opt::ConnectTimeout.name(),
                expected,
            ));
        }
        Ok(chosen)
    }

    fn common(&self, fallback: Option<&str>) -> Result<tokio_postgres::Config, ConfigError> {
        let mut config = tokio_postgres::Config::new();
        let name = self
            .text(Opt::ApplicationName)
            .or_else(|| self.text(Opt::FallbackApplicationName));
        if let Some(name) = name.as_deref().or(fallback) {
            config.application_name(name);
        }
        let options = self.server_options();
        if !options.is_empty() {
            config.options(options.as_str());
        }
        config.channel_binding(self.channel_binding()?);
        self.keep_alive(&mut config)?;
        Ok(config)
    }

    /// `options`, and after them the run-time parameters, which come later for libpq, too.
    fn server_options(&self) -> Zeroizing<String> {
        let mut options = Zeroizing::new(self.text(Opt::Options).unwrap_or_default());
        for (name, value) in self.options.parameters() {
            parameters::add(&mut options, name, value);
        }
        options
    }

    fn channel_binding(&self) -> Result<ChannelBinding, ConfigError> {
        let words = [
            ("disable", ChannelBinding::Disable),
            ("prefer", ChannelBinding::Prefer),
            ("require", ChannelBinding::Require),
        ];
        let expected = "`disable`, `prefer` or `require`";
        self.one_of(
            Opt::ChannelBinding,
            &words,
            ChannelBinding::Prefer,
            expected,
        )
    }

    /// 0 leaves each of these to the operating system.
    fn keep_alive(&self, config: &mut tokio_postgres::Config) -> Result<(), ConfigError> {
        let number = |option, default| -> Result<u32, ConfigError> {
            Ok(self.number(option)?.unwrap_or(default))
        };
        let seconds = |number: u32| Duration::from_secs(number.into());
        config.keepalives(number(Opt::Keepalives, 1)? != 0);
        if let idle @ 1.. = number(Opt::KeepalivesIdle, KEEPALIVES_IDLE)? {
            config.keepalives_idle(seconds(idle));
        }
        if let interval @ 1.. = number(Opt::KeepalivesInterval, KEEPALIVES_INTERVAL)? {
            config.keepalives_interval(seconds(interval));
        }
        if let count @ 1.. = number(Opt::KeepalivesCount, KEEPALIVES_COUNT)? {
            config.keepalives_retries(count);
        }
        if let timeout @ 1.. = number(Opt::TcpUserTimeout, TCP_USER_TIMEOUT)? {
            config.tcp_user_timeout(Duration::from_millis(timeout.into()));
        }
        Ok(())
    }

    /// The driver speaks UTF-8 only.
    fn client_encoding(&self) -> Result<(), ConfigError> {
        let is_utf8 =
            |name: &str| ["utf8", "utf-8", "unicode"].contains(&name.to_ascii_lowercase().as_str());
        match self.options.value(Opt::ClientEncoding) {
            Some(name) if !is_utf8(name) => Err(ConfigError::invalid_value(
                Opt::ClientEncoding.name(),
                "`UTF8`",
            )),
            _ => Ok(()),
        }
    }

    /// This crate does not encrypt by GSSAPI, which `prefer` allows.
    fn gssencmode(&self) -> Result<(), ConfigError> {
        let words = [("disable", ()), ("prefer", ())];
        self.one_of(Opt::GssEncMode, &words, (), "`disable` or `prefer`")
    }
}

/// A mode that demands TLS needs a build with TLS; the others do without it there.
fn check_build(mode: SslMode) -> Result<(), ConfigError> {
    match mode.demands_tls() && cfg!(not(feature = "tls-no-provider")) {
        true => Err(ConfigError::TlsNotBuilt { mode }),
        false => Ok(()),
    }
}

fn warn_of_ignored(environment: &Environment) {
    for variable in IGNORED_VARIABLES {
        if environment.variable(variable).is_some() {
            tracing::warn!(
                variable,
                "this variable of libpq is set, and pgstore-connect ignores it"
            );
        }
    }
}
