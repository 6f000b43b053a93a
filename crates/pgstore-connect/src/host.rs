//! The hosts of a connection string, each with its port.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::super::connect_error::ConnectError;

const DEFAULT_PORT: u16 = 5432;

/// Where PostgreSQL's packages have their sockets: Debian's and Red Hat's folder, then its own.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Host {
    pub(in super::super) place: Place,
    pub(in super::super) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// To be looked up.
    Name(String),
    /// `hostaddr`, with the name that its certificate should have.
    Address {
        address: IpAddr,
        name: Option<String>,
    },
    /// A folder with a Unix socket.
    Folder(PathBuf),
    /// The first of the usual folders that has a socket.
    UsualFolder,
}

/// Pairs the elements of the three lists, each with the name of where it stands.
pub(super) fn list(
    hosts: (&str, &'static str),
    addresses: (&str, &'static str),
    ports: (&str, &'static str),
) -> Result<Vec<Host>, ConnectError> {
    let names: Vec<_> = hosts.0.split(',').collect();
    let ips: Vec<_> = addresses.0.split(',').collect();
    let count = match (hosts.0, addresses.0) {
        (_, "") => names.len(),
        ("", _) => ips.len(),
        _ if names.len() == ips.len() => names.len(),
        _ => {
            return Err(ConnectError::bad_value(
                addresses.1,
                "a list as long as that of `host`",
            ));
        }
    };
    let numbers: Vec<_> = ports.0.split(',').collect();
    if numbers.len() != 1 && numbers.len() != count {
        return Err(ConnectError::bad_value(
            ports.1,
            "one port, or as many as there are hosts",
        ));
    }
    let element = |list: &[&str], index: usize| {
        let text = list.get(index).or(list.first().filter(|_| list.len() == 1));
        text.map_or(String::new(), |text| (*text).to_owned())
    };
    (0..count)
        .map(|index| {
            let name = element(&names, index);
            let ip = element(&ips, index);
            Ok(Host {
                place: place((&name, hosts.1), (&ip, addresses.1))?,
                port: port(&element(&numbers, index), ports.1)?,
            })
        })
        .collect()
}

fn place(name: (&str, &'static str), ip: (&str, &'static str)) -> Result<Place, ConnectError> {
    if !ip.0.is_empty() {
        let address = ip.0.parse();
        return Ok(Place::Address {
            address: address.map_err(|_| ConnectError::bad_value(ip.1, "IP addresses"))?,
            name: Some(name.0.to_owned()).filter(|name| !name.is_empty()),
        });
    }
    match name.0 {
        "" if cfg!(unix) => Ok(Place::UsualFolder),
        "" => Ok(Place::Name("localhost".to_owned())),
        folder if folder.starts_with('/') && cfg!(unix) => Ok(Place::Folder(folder.into())),
        socket if socket.starts_with('@') => Err(ConnectError::bad_value(
            name.1,
            "host names, addresses or socket folders; abstract sockets (`@…`) are not supported",
        )),
        name => Ok(Place::Name(name.to_owned())),
    }
}

fn port(text: &str, name: &'static str) -> Result<u16, ConnectError> {
    match text.trim() {
        "" => Ok(DEFAULT_PORT),
        digits => match digits.parse() {
            Ok(0) | Err(_) => Err(ConnectError::bad_value(name, "numbers from 1 to 65535")),
            Ok(port) => Ok(port),
        },
    }
}

impl Host {
    /// Whether the way to it does not leave this machine.
    pub(super) fn is_local(&self) -> bool {
        match &self.place {
            Place::Folder(_) | Place::UsualFolder => true,
            Place::Address { address, .. } => address.is_loopback(),
            Place::Name(name) => match name.parse::<IpAddr>() {
                Ok(address) => address.is_loopback(),
                Err(_) => name == "localhost",
            },
        }
    }

    /// The folder of its socket, if it is one.
    pub(in super::super) fn socket_folder(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.clone()),
            Place::UsualFolder => Some(self.usual_folder()),
            Place::Name(_) | Place::Address { .. } => None,
        }
    }

    fn usual_folder(&self) -> PathBuf {
        let socket = format!(".s.PGSQL.{}", self.port);
        let mut folders = SOCKET_FOLDERS.map(PathBuf::from).into_iter();
        let found = folders.find(|folder| folder.join(&socket).exists());
        found.unwrap_or_else(|| SOCKET_FOLDERS[0].into())
    }

    /// What it is called in a password file.
    pub(super) fn passfile_name(&self) -> String {
        match &self.place {
            Place::Name(name) => name.clone(),
            Place::Address {
                name: Some(name), ..
            } => name.clone(),
            Place::Address { address, .. } => address.to_string(),
            Place::Folder(folder) if !is_usual(folder) => folder.display().to_string(),
            Place::Folder(_) | Place::UsualFolder => "localhost".to_owned(),
        }
    }
}

fn is_usual(folder: &std::path::Path) -> bool {
    SOCKET_FOLDERS
        .iter()
        .any(|usual| folder == std::path::Path::new(usual))
}

/// For messages: `name:5432`, `name (10.0.0.1):5432`, `/tmp/.s.PGSQL.5432`.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match (&self.place, self.socket_folder()) {
            (_, Some(folder)) => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
            (
                Place::Address {
                    address,
                    name: Some(name),
                },
                _,
            ) => {
                write!(f, "{name} ({address}):{port}")
            }
            (
                Place::Address {
                    address: IpAddr::V6(v6),
                    ..
                },
                _,
            ) => write!(f, "[{v6}]:{port}"),
            (Place::Address { address, .. }, _) => write!(f, "{address}:{port}"),
            (Place::Name(name), _) if name.contains(':') => write!(f, "[{name}]:{port}"),
            (Place::Name(name), _) => write!(f, "{name}:{port}"),
            (Place::Folder(_) | Place::UsualFolder, None) => f.write_str("a socket"),
        }
    }
}
