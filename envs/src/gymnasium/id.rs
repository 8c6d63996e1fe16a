//! What stands behind `gymnasium:`.

use crate::error::EnvError;

/// What ids of this suite begin with.
pub(super) const PREFIX: &str = "gymnasium:";

/// An environment of Gymnasium, as it is named: `ALE/Pong-v5?frameskip=1&full_action_space=true`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name {
    /// What `gymnasium.make` takes: `Pendulum-v1`, `ALE/Pong-v5`, `my_module:MyEnv-v0`.
    pub(super) id: String,
    /// Keyword arguments of `gymnasium.make`.
    pub(super) options: Vec<(String, OptionValue)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum OptionValue {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(String),
}

impl Name {
    /// Reads what follows the prefix.
    ///
    /// # Errors
    /// [`EnvError::GymnasiumId`].
    pub(super) fn parse(text: &str) -> Result<Self, EnvError> {
        let (id, options) = match text.split_once('?') {
            Some((id, options)) => (id, Some(options)),
            None => (text, None),
        };
        let refuse = |problem: &str| EnvError::GymnasiumId {
            id: format!("{PREFIX}{text}"),
            problem: problem.to_owned(),
        };
        if id.is_empty() {
            return Err(refuse("it names no environment"));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refuse("it has spaces in it"));
        }
        let parts = options.into_iter().flat_map(|options| options.split('&'));
        let options = parts.map(|part| {
            part.split_once('=')
                .filter(|(key, _)| is_identifier(key))
                .map(|(key, value)| (key.to_owned(), OptionValue::parse(value)))
                .ok_or_else(|| refuse(&format!("{part:?} is not of the form key=value")))
        });
        Ok(Self { id: id.to_owned(), options: options.collect::<Result<_, _>>()? })
    }
}

fn is_identifier(key: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    key.starts_with(|c: char| !c.is_ascii_digit()) && key.chars().all(letters)
}

impl OptionValue {
    /// The first of a whole number, a number, a truth value and a text that `text` can be.
    fn parse(text: &str) -> Self {
        if let Ok(int) = text.parse() {
            return Self::Int(int);
        }
        match text {
            "true" | "True" => return Self::Bool(true),
            "false" | "False" => return Self::Bool(false),
            _ => {}
        }
        match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Self::Float(float),
            _ => Self::Str(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_the_types_that_they_look_like() {
        let name = Name::parse("ALE/Pong-v5?a=4&b=-0.25&c=True&d=grayscale&e=false&f=1e3&g=nan&h=");
        let value = |key: &str, value| (key.to_owned(), value);
        let expected = Name {
            id: "ALE/Pong-v5".to_owned(),
            options: vec![
                value("a", OptionValue::Int(4)),
                value("b", OptionValue::Float(-0.25)),
                value("c", OptionValue::Bool(true)),
                value("d", OptionValue::Str("grayscale".to_owned())),
                value("e", OptionValue::Bool(false)),
                value("f", OptionValue::Float(1000.0)),
                value("g", OptionValue::Str("nan".to_owned())),
                value("h", OptionValue::Str(String::new())),
            ],
        };
        assert_eq!(name, Ok(expected));
        let module = Name::parse("my_module:MyEnv-v0").expect("it is a name");
        assert_eq!((module.id.as_str(), module.options), ("my_module:MyEnv-v0", vec![]));
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for (wrong, part) in [
            ("", "names no environment"),
            ("?a=1", "names no environment"),
            ("A b", "spaces"),
            ("A-v0?a", "key=value"),
            ("A-v0?", "key=value"),
            ("A-v0?=1", "key=value"),
            ("A-v0?1a=1", "key=value"),
            ("A-v0?a=1&&b=2", "key=value"),
        ] {
            let error = Name::parse(wrong).expect_err(wrong).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
