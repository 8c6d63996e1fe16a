//! Names of the checkpoints of a run.

use std::fmt;

const PREFIX: &str = "env_step-";

/// `env_step-000030000`, or `env_step-000030000.2` of a second one at the same env step. Their order is the
/// one in which a run writes them, which that of the texts is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    env_step: u64,
    number: u64,
}

impl Name {
    /// The names of checkpoints at an env step, one after the other. There are two where a run was stopped
    /// before an evaluation and went on with it.
    pub(super) fn all_at(env_step: u64) -> impl Iterator<Item = Self> {
        (1..).map(move |number| Self { env_step, number })
    }

    /// The name that a text is, if it is one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let steps = text.strip_prefix(PREFIX)?;
        let (env_step, number) = steps.split_once('.').unwrap_or((steps, "1"));
        let name = Self { env_step: env_step.parse().ok()?, number: number.parse().ok()? };
        Some(name).filter(|name| name.to_string() == text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { env_step, number } = self;
        write!(out, "{PREFIX}{env_step:09}")?;
        if *number == 1 { Ok(()) } else { write!(out, ".{number}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_their_numbers() {
        let texts = [
            "env_step-000000000",
            "env_step-000030000",
            "env_step-000030000.2",
            "env_step-000030000.10",
            "env_step-999999990",
            "env_step-1000000000",
        ];
        let names = texts.map(|text| Name::parse(text).unwrap());
        assert!(names.is_sorted());
        assert_eq!(names.map(|name| name.to_string()), texts);
    }

    #[test]
    fn other_names_are_none() {
        for text in
            ["env_step-", "env_step-30", "env_step-000030000.1", "env_step-00003000x", "last"]
        {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }
}
