//! The messages in event files, as far as scalars go.
//!
//! The fields are those of TensorFlow's `event.proto` and `summary.proto`. They are declared here
//! and decoded by prost, which bounds the nesting of what it skips; tensorboard-proto, with which
//! we write, is built on a decoder that does not (RUSTSEC-2024-0437).

use std::collections::HashSet;

use prost::Message;

use super::record::{Damage, Reason, Record};
use super::tensor::Tensor;

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
        let event = Event::decode(record.payload.as_slice()).map_err(|error| {
            let reason = Reason::NoEvent { why: error.to_string() };
            Damage { offset: record.offset, reason }
        })?;
        let Event { wall_time, step, summary } = event;
        let values = summary.unwrap_or_default().value.into_iter();
        let scalar = |value| {
            let (tag, value) = self.scalar(value)?;
            Some(Scalar { tag, step, wall_time, value })
        };
        Ok(values.filter_map(scalar).collect())
    }

    fn scalar(&mut self, value: Value) -> Option<(String, f64)> {
        let Value { tag, metadata, kind } = value;
        if metadata.and_then(|metadata| metadata.plugin).is_some_and(|p| p.name == "scalars") {
            self.scalar_tags.insert(tag.clone());
        }
        let value = match kind? {
            Kind::Simple(value) => f64::from(value),
            Kind::Tensor(tensor) if self.scalar_tags.contains(&tag) => tensor.scalar()?,
            Kind::Tensor(_) => return None,
        };
        Some((tag, value))
    }
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
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
    #[prost(message, boxed, tag = "8")]
    Tensor(Box<Tensor>),
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

    fn values(decoder: &mut Decoder, value: Value) -> Vec<f64> {
        let summary = Some(Summary { value: vec![value] });
        let payload = Event { wall_time: 1.5, step: 7, summary }.encode_to_vec();
        let scalars = decoder.scalars(&Record { offset: 0, payload }).unwrap();
        for scalar in &scalars {
            assert_eq!((scalar.tag.as_str(), scalar.step), ("loss/critic", 7));
        }
        scalars.iter().map(|scalar| scalar.value).collect()
    }

    #[test]
    fn a_tensor_is_a_scalar_once_its_tag_is_known_as_one() {
        let two = || Kind::Tensor(Box::new(Tensor::of_float(2.0)));
        let mut decoder = Decoder::default();
        assert_eq!(values(&mut decoder, value(two(), None)), [0.0; 0]);
        assert_eq!(values(&mut decoder, value(two(), Some("text"))), [0.0; 0]);
        assert_eq!(values(&mut decoder, value(two(), Some("scalars"))), [2.0]);
        assert_eq!(values(&mut decoder, value(two(), None)), [2.0]);
        assert_eq!(values(&mut Decoder::default(), value(Kind::Simple(0.5), None)), [0.5]);
    }

    #[test]
    fn bytes_that_are_no_event_are_damage() {
        let mut nested = vec![0x0b; 100_000];
        nested.extend(vec![0x0c; 100_000]);
        for payload in [b"\xff\xff\xff".to_vec(), b"\x2a\x7f".to_vec(), nested] {
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
