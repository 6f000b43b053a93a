use super::error::GobError;

/// A stream of messages, read one after another. `message` is the unread rest of the current one.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    stream: &'a [u8],
    message: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Self {
        Self {
            stream,
            message: &[],
        }
    }

    /// Begins the next message.
    // Go: decoder.go, recvMessage.
    pub(super) fn next_message(&mut self) -> Result<(), GobError> {
        let length = take_uint(&mut self.stream)?;
        self.message = take(&mut self.stream, length)?;
        Ok(())
    }

    /// Whether the current message is read completely.
    pub(super) fn is_empty(&self) -> bool {
        self.message.is_empty()
    }

    pub(super) fn uint(&mut self) -> Result<u64, GobError> {
        take_uint(&mut self.message)
    }

    /// Reads a signed integer. If the lowest bit is set, the other bits are complemented.
    // Go: decode.go, decodeInt.
    pub(super) fn int(&mut self) -> Result<i64, GobError> {
        let uint = self.uint()?;
        let half = (uint >> 1).cast_signed();
        Ok(if uint & 1 == 1 { !half } else { half })
    }

    /// Reads a float. Its bytes are reversed, which makes round numbers short.
    // Go: decode.go, float64FromBits.
    pub(super) fn float(&mut self) -> Result<f64, GobError> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    /// Reads a length and that many bytes.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], GobError> {
        let length = self.uint()?;
        take(&mut self.message, length)
    }
}

/// Reads an unsigned integer: one byte if below 128, else 256−n and n bytes, the high byte first.
// Go: decode.go, decodeUintReader.
fn take_uint(from: &mut &[u8]) -> Result<u64, GobError> {
    let first = take(from, 1)?[0];
    if first < 0x80 {
        return Ok(u64::from(first));
    }
    let length = u64::from(first.wrapping_neg());
    if length > 8 {
        return Err(GobError::IntegerTooLong);
    }
    let bytes = take(from, length)?;
    Ok(bytes
        .iter()
        .fold(0, |uint, byte| uint << 8 | u64::from(*byte)))
}

fn take<'a>(from: &mut &'a [u8], length: u64) -> Result<&'a [u8], GobError> {
    let length = usize::try_from(length).map_err(|_| GobError::UnexpectedEnd)?;
    let (taken, rest) = from
        .split_at_checked(length)
        .ok_or(GobError::UnexpectedEnd)?;
    *from = rest;
    Ok(taken)
}
