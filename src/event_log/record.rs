//! The framing of event files (TensorFlow's TFRecord format).
//!
//! A record is, little-endian: the payload's length (u64), the masked CRC-32C of these eight bytes
//! (u32), the payload, and the payload's masked CRC-32C (u32).

use std::fmt;
use std::io::{self, Read};

use tensorboard_rs::masked_crc32c::masked_crc32c;

/// A longer payload is refused: protocol buffers end at 2 GiB, and no event comes near this.
const MAX_PAYLOAD: u64 = 1 << 30;
/// Length and its checksum.
const HEADER: usize = 12;
/// The payload's checksum.
const FOOTER: usize = 4;

/// A payload that passed its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the record begins in its file.
    pub offset: u64,
    pub payload: Vec<u8>,
}

/// A place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where the damaged record begins in its file.
    pub offset: u64,
    pub reason: Reason,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file ends within the record, after `found` of its bytes.
    Truncated { found: u64 },
    /// The length is wrong, so the record's end is not known and neither is anything after it.
    LengthChecksum,
    /// The length is right but beyond all sense; what follows the record is not looked for.
    TooLong { length: u64 },
    /// The payload is wrong. The record is skipped.
    PayloadChecksum,
    /// The payload is as it was written, but no event message. The record is skipped.
    NoEvent { why: String },
}

impl Reason {
    /// Whether nothing can ever be read beyond the damaged record.
    pub fn hides_the_rest(&self) -> bool {
        matches!(self, Self::LengthChecksum | Self::TooLong { .. })
    }

    /// Whether the record may yet become whole, if its file is being written.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Truncated { .. })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match &self.reason {
            Reason::Truncated { found } => {
                write!(f, "the record at byte {offset} is cut off after {found} bytes")
            }
            Reason::LengthChecksum => write!(
                f,
                "the record at byte {offset} has a wrong length checksum; what follows is lost"
            ),
            Reason::TooLong { length } => write!(
                f,
                "the record at byte {offset} claims {length} bytes, at most {MAX_PAYLOAD} are \
                 believed; what follows is lost"
            ),
            Reason::PayloadChecksum => {
                write!(f, "the record at byte {offset} has a wrong checksum; it is skipped")
            }
            Reason::NoEvent { why } => {
                write!(f, "the record at byte {offset} is no event ({why}); it is skipped")
            }
        }
    }
}

/// Reads records one after the other.
#[derive(Debug)]
pub struct Records<R> {
    reader: R,
    offset: u64,
    ended: bool,
}

impl<R: Read> Records<R> {
    /// `offset` is where `reader` stands in its file.
    pub fn new(reader: R, offset: u64) -> Self {
        Self { reader, offset, ended: false }
    }

    /// Where the next record begins; at a record that cannot be got over, where that one does.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record or what is wrong with it; nothing at the end, or where no more can be found.
    ///
    /// # Errors
    /// If the reader fails.
    pub fn next_record(&mut self) -> io::Result<Option<Result<Record, Damage>>> {
        if self.ended {
            return Ok(None);
        }
        let mut header = Vec::with_capacity(HEADER);
        self.reader.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            self.ended = true;
            return Ok(None);
        }
        if header.len() < HEADER {
            return Ok(Some(Err(self.end(Reason::Truncated { found: header.len() as u64 }))));
        }
        let (length_bytes, checksum) = header.split_at(HEADER - FOOTER);
        if masked_crc32c(length_bytes).to_le_bytes() != checksum {
            return Ok(Some(Err(self.end(Reason::LengthChecksum))));
        }
        let length = u64::from_le_bytes(length_bytes.try_into().expect("eight bytes"));
        if length > MAX_PAYLOAD {
            return Ok(Some(Err(self.end(Reason::TooLong { length }))));
        }
        self.payload(length).map(Some)
    }

    fn payload(&mut self, length: u64) -> io::Result<Result<Record, Damage>> {
        let body = length + FOOTER as u64;
        // Grows with what is really there, whatever the length claims.
        let mut payload = Vec::new();
        self.reader.by_ref().take(body).read_to_end(&mut payload)?;
        if (payload.len() as u64) < body {
            let found = (HEADER + payload.len()) as u64;
            return Ok(Err(self.end(Reason::Truncated { found })));
        }
        let checksum = payload.split_off(length as usize);
        let offset = self.offset;
        self.offset += HEADER as u64 + body;
        if masked_crc32c(&payload).to_le_bytes() != *checksum {
            return Ok(Err(Damage { offset, reason: Reason::PayloadChecksum }));
        }
        Ok(Ok(Record { offset, payload }))
    }

    fn end(&mut self, reason: Reason) -> Damage {
        self.ended = true;
        Damage { offset: self.offset, reason }
    }
}

#[cfg(test)]
mod tests {
    use tensorboard_rs::record_writer::RecordWriter;

    use super::*;

    fn framed(payloads: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for payload in payloads {
            RecordWriter::new(&mut bytes).write(payload).unwrap();
        }
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<Damage>, u64) {
        let (mut payloads, mut damage) = (Vec::new(), Vec::new());
        let mut records = Records::new(bytes, 0);
        while let Some(record) = records.next_record().unwrap() {
            match record {
                Ok(record) => payloads.push(record.payload),
                Err(what) => damage.push(what),
            }
        }
        (payloads, damage, records.offset())
    }

    /// Records of 20, 16 and 22 bytes.
    const PAYLOADS: [&[u8]; 3] = [b"four", b"", b"sixsix"];
    const ENDS: [usize; 4] = [0, 20, 36, 58];

    #[test]
    fn whole_records_come_back() {
        let bytes = framed(&PAYLOADS);
        assert_eq!(bytes.len(), 58);
        assert_eq!(read(&bytes), (PAYLOADS.map(<[u8]>::to_vec).to_vec(), vec![], 58));
        assert_eq!(read(b""), (vec![], vec![], 0));
    }

    #[test]
    fn a_cut_leaves_the_whole_records_before_it() {
        let bytes = framed(&PAYLOADS);
        for cut in 0..bytes.len() {
            let whole = ENDS.iter().filter(|end| **end <= cut).count() - 1;
            let (payloads, damage, offset) = read(&bytes[..cut]);
            assert_eq!(payloads, PAYLOADS[..whole]);
            assert_eq!(offset, ENDS[whole] as u64);
            let found = (cut - ENDS[whole]) as u64;
            let expected = Damage { offset, reason: Reason::Truncated { found } };
            assert_eq!(damage, if found == 0 { vec![] } else { vec![expected] });
        }
    }

    #[test]
    fn a_flipped_byte_costs_its_record_and_a_wrong_length_all_after_it() {
        let bytes = framed(&PAYLOADS);
        for (at, mask) in (0..bytes.len()).flat_map(|at| [1, 0x80, 0xff].map(|mask| (at, mask))) {
            let mut bytes = bytes.clone();
            bytes[at] ^= mask;
            let hit = ENDS.iter().filter(|end| **end <= at).count() - 1;
            let (payloads, damage, _) = read(&bytes);
            let offset = ENDS[hit] as u64;
            if at - ENDS[hit] < HEADER {
                assert_eq!(payloads, PAYLOADS[..hit]);
                assert_eq!(damage, [Damage { offset, reason: Reason::LengthChecksum }]);
            } else {
                assert_eq!(payloads, [&PAYLOADS[..hit], &PAYLOADS[hit + 1..]].concat());
                assert_eq!(damage, [Damage { offset, reason: Reason::PayloadChecksum }]);
            }
        }
    }

    #[test]
    fn a_length_without_its_bytes_allocates_nothing_of_it() {
        for length in [MAX_PAYLOAD, MAX_PAYLOAD + 1, u64::MAX] {
            let mut bytes = length.to_le_bytes().to_vec();
            bytes.extend(masked_crc32c(&bytes).to_le_bytes());
            bytes.extend([0; 100]);
            let reason = if length == MAX_PAYLOAD {
                Reason::Truncated { found: 112 }
            } else {
                Reason::TooLong { length }
            };
            assert_eq!(read(&bytes), (vec![], vec![Damage { offset: 0, reason }], 0));
        }
    }

    #[test]
    fn the_checksum_is_the_one_of_the_format() {
        // RFC 3720, B.4: CRC-32C of 32 zero bytes is 0x8a9136aa.
        assert_eq!(tensorboard_rs::masked_crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    }
}
