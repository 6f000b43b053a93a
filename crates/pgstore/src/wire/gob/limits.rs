//! Limits on what is decoded, against hostile bytes. What this library encodes is within them.

/// The greatest nesting of lists, maps and structs in one session value.
///
/// Decoding, dropping, cloning and reading recurse once per level. 128 levels fit into a 1 MiB stack,
/// even in a debug build. Go has no limit.
pub(crate) const MAX_LEVELS: usize = 128;

/// The greatest nesting of structs that were not sent. A type that contains itself has any number.
pub(crate) const MAX_ZERO_LEVELS: usize = 64;

/// The greatest length of a registered type name, in bytes.
// Go: decode.go, decodeInterface.
pub(crate) const MAX_NAME: usize = 1024;

/// Bytes of memory allowed per byte of the gob, for values, elements and type definitions.
///
/// The valid encoding that expands most is a list of small numbers: one byte encoded, one `Value`
/// (32 bytes) in memory. The limit is twice that, so whatever can be encoded can be decoded.
pub(crate) const MEMORY_PER_BYTE: usize = 64;

/// Bytes of memory allowed in addition, for small gobs.
pub(crate) const MEMORY_BASE: usize = 64 * 1024;

/// The greatest number of unsent fields that one read of one value fills with zeros.
///
/// A struct of zeros is encoded in one byte, so a list of structs with many fields would expand
/// without limit.
pub(crate) const MAX_ZERO_FIELDS: usize = 1 << 20;
