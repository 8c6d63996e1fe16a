//! Which tags are wanted.

use globset::{Glob, GlobMatcher};

use super::InspectError;

/// A pattern for tags: `*` stands for any characters, `/` included, so that `*reward*` finds
/// `eval/episode_reward`; `?`, `[a-z]` and `{one,other}` are known too.
#[derive(Clone, Debug)]
pub struct TagPattern {
    glob: GlobMatcher,
}

impl TagPattern {
    /// # Errors
    /// If the pattern is not well-formed.
    pub fn new(pattern: &str) -> Result<Self, InspectError> {
        let glob = Glob::new(pattern)
            .map_err(|source| InspectError::Pattern { pattern: pattern.to_owned(), source })?;
        Ok(Self { glob: glob.compile_matcher() })
    }

    /// The pattern that every tag matches.
    pub fn any() -> Self {
        Self::new("*").expect("a star is a pattern")
    }

    pub fn matches(&self, tag: &str) -> bool {
        self.glob.is_match(tag)
    }

    pub fn as_str(&self) -> &str {
        self.glob.glob().glob()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_slashes() {
        let reward = TagPattern::new("*reward*").unwrap();
        assert!(reward.matches("eval/episode_reward"));
        assert!(!reward.matches("loss/critic"));
        assert!(TagPattern::new("loss/{critic,actor}").unwrap().matches("loss/actor"));
        assert!(TagPattern::any().matches("a/b/c"));
        assert!(matches!(TagPattern::new("loss/[a"), Err(InspectError::Pattern { .. })));
    }
}
