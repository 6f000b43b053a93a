//! The bounds that keep hostile bytes cheap. What this library writes stays within them.

/// Levels of lists, maps and structs inside one session value.
///
/// Decoding, dropping, cloning and reading recurse once per level; 64 fit into a 1 MiB stack in a
/// debug build many times over, and no session is that deep.
pub(crate) const MAX_LEVELS: usize = 64;

/// Bytes of a registered type name. Go: decode.go, decodeInterface.
pub(crate) const MAX_NAME: usize = 1024;

/// Memory allowed for each byte of the gob: values, elements, type definitions and their fields.
///
/// The dearest honest encoding is a list of small numbers: one byte each on the wire and one
/// `Value` (32 bytes) in memory. Twice that refuses nothing that anybody really wrote, however
/// long, so what can be encoded can be decoded.
pub(crate) const MEMORY_PER_BYTE: usize = 64;

/// Memory allowed on top, so that the smallest gobs need no exception.
pub(crate) const MEMORY_BASE: usize = 64 * 1024;

/// Fields that were not sent and are shown as zero, in one reading of one value.
///
/// A struct with nothing but zeros is one byte on the wire, so a list of them under a wide type
/// would grow without measure.
pub(crate) const MAX_ZERO_FIELDS: usize = 1 << 20;
