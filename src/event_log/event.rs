//! The messages in event files, as far as scalars go.
//!
//! The fields are those of TensorFlow's `event.proto` and `summary.proto`. They are declared here
//! and decoded by prost, which bounds the nesting of what it skips; tensorboard-proto, with which
//! we write, is built on a decoder that does not (RUSTSEC-2024-0437).
//!
//! Messages multiply in memory: two bytes of a file are a value of sixty. So values and tensors stay
//! bytes until they are looked at, one at a time.

use std::collections::HashSet;

use prost::{Message, decode_length_delimiter};

use super::record::{Damage, Reason, Record};
use super::tensor::Tensor;

/// Begins a value of a summary: field 1, a message.
const VALUE_KEY: u8 = 0x0a;
/// A tensor of one number takes some tens of bytes.
const MAX_SCALAR_TENSOR: usize = 4096;

/// One value of a curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    pub tag: String,
    pub step: i64,
    /// Seconds since 1970.
    pub wall_time: f64,
    pub value: f64,
}

/// Takes the scalars out of the events of one file.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// Tags whose tensors are scalars: a writer says so with the first one only.
    scalar_tags: HashSet<String>,
}

impl Decoder {
    /// The scalars of one event; most often none or a few.
    ///
    /// # Errors
    /// If the record is no event message.
    pub fn scalars(&mut self, record: &Record) -> Result<Vec<Scalar>, Damage> {
        let damage = |why| Damage { offset: record.offset, reason: Reason::NoEvent { why } };
        self.scalars_of(&record.payload).map_err(damage)
    }

    fn scalars_of(&mut self, payload: &[u8]) -> Result<Vec<Scalar>, String> {
        let event = Event::decode(payload).map_err(|error| error.to_string())?;
        let Event { wall_time, step, summary } = event;
        let mut scalars = Vec::new();
        let mut rest = summary.as_slice();
        while let Some(value) = next_value(&mut rest)? {
            if let Some((tag, value)) = self.scalar(value) {
                scalars.push(Scalar { tag, step, wall_time, value });
            }
        }
        Ok(scalars)
    }

    fn scalar(&mut self, value: Value) -> Option<(String, f64)> {
        let Value { tag, metadata, kind } = value;
        if metadata.and_then(|metadata| metadata.plugin).is_some_and(|p| p.name == "scalars") {
            self.scalar_tags.insert(tag.clone());
        }
        let value = match kind? {
            Kind::Simple(value) => f64::from(value),
            Kind::Tensor(bytes)
                if self.scalar_tags.contains(&tag) && bytes.len() <= MAX_SCALAR_TENSOR =>
            {
                Tensor::decode(bytes.as_slice()).ok()?.scalar()?
            }
            Kind::Tensor(_) => return None,
        };
        Some((tag, value))
    }
}

/// Takes the first value out of a `Summary`, which is a row of values and holds nothing else.
fn next_value(summary: &mut &[u8]) -> Result<Option<Value>, String> {
    let Some((&key, rest)) = summary.split_first() else { return Ok(None) };
    if key != VALUE_KEY {
        return Err(format!("a summary holds values alone, not what begins with {key:#04x}"));
    }
    *summary = rest;
    let len = decode_length_delimiter(&mut *summary).map_err(|error| error.to_string())?;
    let (value, rest) = summary.split_at_checked(len).ok_or("a value is cut off")?;
    *summary = rest;
    Value::decode(value).map(Some).map_err(|error| error.to_string())
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    /// A `Summary`.
    #[prost(bytes = "vec", tag = "5")]
    summary: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(message, optional, tag = "9")]
    metadata: Option<Metadata>,
    #[prost(oneof = "Kind", tags = "2, 8")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(float, tag = "2")]
    Simple(f32),
    /// A [`Tensor`].
    #[prost(bytes = "vec", tag = "8")]
    Tensor(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(message, optional, tag = "1")]
    plugin: Option<Plugin>,
}

#[derive(Clone, PartialEq, Message)]
struct Plugin {
    #[prost(string, tag = "1")]
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind, plugin: Option<&str>) -> Value {
        let plugin = plugin.map(|name| Plugin { name: name.to_owned() });
        Value {
            tag: "loss/critic".to_owned(),
            metadata: plugin.map(|plugin| Metadata { plugin: Some(plugin) }),
            kind: Some(kind),
        }
    }

    fn summary(values: &[Value]) -> Vec<u8> {
        let value = |value: &Value| [vec![VALUE_KEY], value.encode_length_delimited_to_vec()];
        values.iter().flat_map(value).flatten().collect()
    }

    fn values(decoder: &mut Decoder, value: Value) -> Vec<f64> {
        let summary = summary(&[value]);
        let payload = Event { wall_time: 1.5, step: 7, summary }.encode_to_vec();
        let scalars = decoder.scalars(&Record { offset: 0, payload }).unwrap();
        for scalar in &scalars {
            assert_eq!((scalar.tag.as_str(), scalar.step), ("loss/critic", 7));
        }
        scalars.iter().map(|scalar| scalar.value).collect()
    }

    #[test]
    fn a_tensor_is_a_scalar_once_its_tag_is_known_as_one() {
        let two = || Kind::Tensor(Tensor::of_float(2.0).encode_to_vec());
        let mut decoder = Decoder::default();
        assert_eq!(values(&mut decoder, value(two(), None)), [0.0; 0]);
        assert_eq!(values(&mut decoder, value(two(), Some("text"))), [0.0; 0]);
        assert_eq!(values(&mut decoder, value(two(), Some("scalars"))), [2.0]);
        assert_eq!(values(&mut decoder, value(two(), None)), [2.0]);
        assert_eq!(values(&mut Decoder::default(), value(Kind::Simple(0.5), None)), [0.5]);
    }

    #[test]
    fn a_scalar_among_countless_empty_values_is_found() {
        let mut summary = [VALUE_KEY, 0].repeat(1_000_000);
        summary.extend(super::tests::summary(&[value(Kind::Simple(0.5), None)]));
        let payload = Event { wall_time: 1.5, step: 7, summary }.encode_to_vec();
        let scalars = Decoder::default().scalars(&Record { offset: 0, payload }).unwrap();
        assert_eq!(scalars.len(), 1);
    }

    #[test]
    fn bytes_that_are_no_event_are_damage() {
        let mut nested = vec![0x0b; 100_000];
        nested.extend(vec![0x0c; 100_000]);
        let other = b"\x2a\x02\x12\x00".to_vec();
        let cut = b"\x2a\x02\x0a\x05".to_vec();
        for payload in [b"\xff\xff\xff".to_vec(), b"\x2a\x7f".to_vec(), nested, other, cut] {
            let damage = Decoder::default().scalars(&Record { offset: 9, payload }).unwrap_err();
            assert_eq!(damage.offset, 9);
            assert!(matches!(damage.reason, Reason::NoEvent { .. }));
        }
        assert_eq!(
            Decoder::default().scalars(&Record { offset: 0, payload: vec![] }),
            Ok(Vec::new())
        );
    }
}
